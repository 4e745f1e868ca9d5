"""Boxes from files of Pascal VOC and COCO, and masks that are arrays: as people keep them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets import annotation_files
from heatproof.datasets.sources import array_file, image_folder
from heatproof.new.picture_folder import of_folder
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

SIZE = 8
# In Pascal VOC pixels are counted from 1 and the last is inside; COCO has corner, width, height.
# By hand, the same box: columns 2 to 4, rows 1 to 2.
EDGES, BBOX, INSIDE = (3, 2, 5, 3), [2, 1, 3, 2], (slice(1, 3), slice(2, 5))
ELSEWHERE = (1, 7, 2, 8)


def voc(*objects: tuple[str, tuple[float, ...]]) -> str:
    def written(name: str, edges: tuple[float, ...]) -> str:
        tags = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
        box = "".join(f"<{tag}>{edge}</{tag}>" for tag, edge in tags)
        return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"

    return f"<annotation>{''.join(written(*each) for each in objects)}</annotation>"


def coco(names: list[str], **changed: object) -> str:
    return json.dumps({
        "images": [{"id": n, "file_name": name} for n, name in enumerate(names)],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": n, "category_id": 2, "bbox": BBOX}
                        for n in range(len(names))],
    } | changed)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two pictures each, all of them the mask of the box."""
    for label in "ab":
        for number in range(2):
            pixels = np.zeros((SIZE, SIZE), np.uint8)
            pixels[INSIDE] = 255 - number
            (tmp_path / label).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / label / f"{label}{number}.png")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def fetched(folder: Path, **options: object) -> RawDataset:
    return image_folder.fetch(image_folder.Options(
        source="image_folder", reads=str(folder), size=[SIZE, SIZE], colour="gray", **options
    ))  # fmt: skip


def found(folder: Path) -> dict[str, object]:
    """What `heatproof new` takes of a folder."""
    return of_folder(folder, None).fetch


def require_all(raw: RawDataset, kind: str) -> None:
    assert raw.annotations == (kind,) and raw.masks is not None
    assert np.array_equal(raw.masks, raw.images[:][..., 0] > 0)


@pytest.mark.parametrize(
    ("place", "option"),
    [
        ("Annotations/{label}{number}.xml", "Annotations"),
        ("annotations/{label}/{label}{number}.xml", "annotations"),
        ("{label}/{label}{number}.xml", "."),
    ],
)
def test_pascal_voc(folder: Path, place: str, option: str) -> None:
    for label in "ab":
        for number in range(2):
            # Of several objects those count that are called as the class; all, if none is.
            other = [("dog", ELSEWHERE)] if label == "a" else []
            text = voc((label.upper() if other else "cat", EDGES), *other)
            write(folder / place.format(label=label, number=number), text)
    raw = fetched(folder, boxes=option)
    require_all(raw, "boxes")
    assert raw.remarks == ("boxes of 4 of 4 images: maps are measured against them",)
    assert found(folder)["boxes"] == option


@pytest.mark.parametrize(
    ("place", "names", "option"),
    [
        ("instances.json", ["a0.png", "a1.png", "b0.png", "b1.png"], "instances.json"),
        ("annotations/a.json", ["a/a0.png", "./a/a1.png", "b\\b0.png", "b1.png"], "annotations"),
    ],
)
def test_coco(folder: Path, place: str, names: list[str], option: str) -> None:
    write(folder / place, f"\ufeff{coco([*names, 'more.png'])}")
    raw = fetched(folder, boxes=option)
    require_all(raw, "boxes")
    assert f"1 of its images are not in {folder}: more.png" in raw.remarks[0]
    assert found(folder)["boxes"] == option


def test_masks_that_are_arrays(folder: Path) -> None:
    for label in "ab":
        for number in range(2):
            inside = np.zeros((SIZE, SIZE), np.int64)
            inside[INSIDE] = 3  # the number of an object
            place = folder / "masks" / label
            place.mkdir(parents=True, exist_ok=True)
            np.savez(place / f"{label}{number}.npz", inside)
    require_all(fetched(folder, masks="masks"), "masks")
    assert found(folder)["masks"] == "masks"
    np.savez(place / "b1.npz", np.ones((SIZE, SIZE + 1), np.uint8))
    remark = fetched(folder, masks="masks").remarks[-1]
    assert remark.endswith("'arr_0' uint8 (8, 9); expected integers (8, 8)")


@pytest.mark.parametrize("parts", [("",), ("train_", "test_"), ("train_", "val_")])
def test_masks_beside_images_in_one_file(tmp_path: Path, parts: tuple[str, ...]) -> None:
    images = np.zeros((4, SIZE, SIZE), np.uint8)
    images[(slice(1, None), *INSIDE)] = 255
    labels = np.array([0, 1, 0, 1])
    one = {"images": images, "labels": labels, "masks": images > 0}
    arrays = {f"{part}{name}": each for part in parts for name, each in one.items()}
    np.savez(tmp_path / "a.npz", **arrays)
    options = {"source": "array_file", "reads": str(tmp_path / "a.npz")}
    raw = array_file.fetch(array_file.Options(**options))
    masks, unused = (raw.test_masks, raw.masks) if parts[-1] else (raw.masks, raw.test_masks)
    assert unused is None and masks is not None and raw.annotations == ("masks",)
    assert np.array_equal(masks, images > 0)
    assert raw.remarks[-1] == "1 of 4 masks are black: no object in them"
    enlarged = array_file.fetch(array_file.Options(**options, size=[2 * SIZE, 2 * SIZE]))
    masks = enlarged.test_masks if parts[-1] else enlarged.masks
    assert masks is not None and masks[:].sum() == 4 * (images > 0).sum()
    np.savez(tmp_path / "a.npz", **(arrays | {f"{parts[-1]}masks": images[:, 1:]}))
    with pytest.raises(UserError, match=r"expected masks of the images, numbers \(4, 8, 8\)"):
        array_file.fetch(array_file.Options(**options))


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a0.xml", BOMB, "it declares a document type"),
        ("a0.xml", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "it declares a document type"),
        ("a0.xml", "<annotation>", "this is no valid XML"),
        ("a0.xml", "", "this is no valid XML"),
        ("a0.xml", '<?xml version="1.0" encoding="none"?><a/>', "this is no valid XML"),
        ("a0.xml", voc(("a", ("x", 1, 2, 3))), "object 1: expected xmin, ymin, xmax and ymax"),
        ("a0.xml", voc(("a", ("nan", 1, 2, 3))), "object 1: expected xmin, ymin, xmax and ymax"),
        ("a0.xml", voc(("a", EDGES), ("a", (3, 3, 1, 3))), "object 2: the box 2 2 1 3 ends before"),
        ("a.json", "{", "this is no valid JSON"),
        ("a.json", "[" * 100_000, "this is no valid JSON"),
        ("a.json", "[1]", "expected COCO's `images`"),
        ("a.json", "{}", "`categories`: expected COCO's"),
        ("a.json", coco([], images=[{"id": 1}]), r"images\[0\]: expected `id` and `file_name`"),
        ("a.json", coco(["a0.png"], annotations=[{"image_id": 7}]), "image_id 7 is no image's"),
        ("a.json", coco(["a0.png"], annotations=[{"image_id": 0, "bbox": "1 2 3 4"}]),
         r"annotations\[0\]: expected a bbox"),
        ("a.json", coco(["a0.png"], annotations=[{"image_id": 0, "bbox": [1, 2, 0, 4]}]),
         "ends before it begins"),
        ("a.json", coco(["c.png"]), "no boxes of these images"),
    ],
)  # fmt: skip
def test_mistakes(folder: Path, name: str, text: str, message: str) -> None:
    write(folder / "annotations" / name, text)
    with pytest.raises(UserError, match=message):
        fetched(folder, boxes="annotations")
    pictures = of_folder(folder, None)  # which goes on without them, and says so
    assert "boxes" not in pictures.fetch
    assert any(re.search(f"^not taken: .*{message}", remark) for remark in pictures.remarks)


def test_files_that_are_too_large_and_links(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "annotations" / "a0.xml", voc(("a", EDGES)))
    write(folder / "annotations" / "b.json", coco(["b0.png"]))
    for limit in ("_MAX_XML_BYTES", "_MAX_JSON_BYTES"):
        with monkeypatch.context() as changed, pytest.raises(UserError, match="keep the annotati"):
            changed.setattr(annotation_files, limit, 20)
            fetched(folder, boxes="annotations")
    write(folder.parent / "outside.xml", voc(("a", EDGES)))
    (folder / "annotations" / "b1.xml").symlink_to(folder.parent / "outside.xml")
    with pytest.raises(UserError, match="leads out of the folder"):
        fetched(folder, boxes="annotations")
