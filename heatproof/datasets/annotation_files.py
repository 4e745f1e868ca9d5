"""Boxes in annotation files: Pascal VOC's, XML of one image, and COCO's, JSON of many.

Nothing in them is executed or looked up: XML may declare nothing, so that it has no entities that
grow or lead elsewhere, and files have a largest size.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from heatproof.datasets.labelled_files import Box
from heatproof.run.errors import UserError, escaped

_MAX_XML_BYTES = 2**22  # of one image
_MAX_JSON_BYTES = 2**27  # COCO's own of 5,000 images has 20 MB, and takes ten times that in memory
# Windows' programs may write a byte order mark, which `json` knows.
_COCO_BEGINNING = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:info|licenses|images|annotations|categories|type)"'
)
# Which lists of a COCO file have numbers for what, and under which key the name stands.
_COCO_NAMES = (("categories", "name"), ("images", "file_name"))
_NOT_COCO = "expected COCO's `images`, `annotations` and `categories`, lists of objects each"

# What an object is called, and its box.
Object = tuple[str, Box]


def pascal_voc(file: Path) -> list[Object]:
    """Read the objects of an image. Edges are its first and last pixels, counted from 1.

    Raises:
        UserError: it is damaged, too large, declares entities, or has no box where it should.
    """
    objects = []
    for number, each in enumerate(_xml(file).iter("object"), start=1):
        place = f"{file}: object {number}"
        edges = [each.findtext(f"bndbox/{name}", "") for name in ("xmin", "ymin", "xmax", "ymax")]
        left, top, right, bottom = _numbers(edges, place, "xmin, ymin, xmax and ymax in a bndbox")
        objects.append((each.findtext("name", ""), _box(left - 1, top - 1, right, bottom, place)))
    return objects


def coco(file: Path) -> dict[str, list[Object]]:
    """Read the objects of each image, by its file name, with / between folders.

    Raises:
        UserError: it is damaged, too large, or no description of objects as COCO has it.
    """
    content = _json(file)
    categories, images = (_named(content, file, *each) for each in _COCO_NAMES)
    images = {number: name.replace("\\", "/") for number, name in images.items()}
    objects: dict[str, list[Object]] = {name: [] for name in images.values()}
    for number, each in enumerate(_listed(content, "annotations", file)):
        place = f"{file}: annotations[{number}]"
        image = images.get(str(each.get("image_id")))
        if image is None:
            raise UserError(f"{place}: image_id {each.get('image_id')!r} is no image's `id`")
        corner = each.get("bbox")
        left, top, width, height = _numbers(
            corner if isinstance(corner, list) else [], place, "a bbox [x, y, width, height]"
        )
        called = categories.get(str(each.get("category_id")), "")
        objects[image].append((called, _box(left, top, left + width, top + height, place)))
    return objects


def may_be_coco(file: Path) -> bool:
    """Return whether a JSON file begins as COCO's do."""
    with file.open("rb") as opened:
        return _COCO_BEGINNING.match(opened.read(1000)) is not None


def _xml(file: Path) -> Element:
    content = _content(file, _MAX_XML_BYTES)
    tree, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise UserError(f"{file}: it declares a document type; take the <!DOCTYPE …> away")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.data
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # of an unknown encoding
        raise _damaged(file, "XML", error) from None
    return tree.close()


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(_content(file, _MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise _damaged(file, "JSON", error) from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: {_NOT_COCO}")
    return content


def _content(file: Path, most_bytes: int) -> bytes:
    size = file.stat().st_size
    if size > most_bytes:
        raise UserError(
            f"{file}: {size / 2**20:,.0f} MiB, more than {most_bytes / 2**20:,.0f}; keep the "
            "annotations of your images only"
        )
    return file.read_bytes()


def _damaged(file: Path, kind: str, error: Exception) -> UserError:
    reason = escaped((str(error).splitlines() or [type(error).__name__])[0][:200])
    return UserError(f"{file}: this is no valid {kind} ({reason}); save it again")


def _listed(content: Mapping[str, Any], key: str, file: Path) -> list[dict[str, Any]]:
    listed = content.get(key)
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UserError(f"{file}: `{key}`: {_NOT_COCO}")
    return listed


def _named(content: Mapping[str, Any], file: Path, key: str, name: str) -> dict[str, str]:
    """Return the names in a list by their numbers, as text: some programs write these so."""
    named = {}
    for number, each in enumerate(_listed(content, key, file)):
        if "id" not in each or not isinstance(each.get(name), str):
            raise UserError(f"{file}: {key}[{number}]: expected `id` and `{name}`")
        named[str(each["id"])] = each[name]
    return named


def _numbers(given: list[Any], place: str, expected: str) -> list[float]:
    try:
        numbers = [float(each) for each in given]
    except (ValueError, TypeError, OverflowError):
        numbers = []
    # Also no NaN, and nothing that is none as a number of pixels.
    if len(numbers) != 4 or not all(abs(each) < 2**31 for each in numbers):
        raise UserError(f"{place}: expected {expected}, as numbers")
    return numbers


def _box(left: float, top: float, right: float, bottom: float, place: str) -> Box:
    if not (left < right and top < bottom):
        raise UserError(f"{place}: the box {left:g} {top:g} {right:g} {bottom:g} ends before it "
                        "begins; correct it")  # fmt: skip
    return left, top, right, bottom
