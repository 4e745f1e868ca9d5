"""Boxes and masks go where the picture goes: resized, turned, read from where people keep them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from heatproof.datasets import ground_truth
from heatproof.datasets.box_columns import BoxColumns
from heatproof.datasets.canonical import in_canonical_order
from heatproof.datasets.decoding import as_pixels, decoded
from heatproof.datasets.deep import UnusableImage
from heatproof.datasets.labelled_files import Labelled
from heatproof.datasets.preparation import split
from heatproof.datasets.sources import image_folder
from heatproof.new.picture_folder import of_folder
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

WIDTH, HEIGHT = 32, 16
BOX = (4, 2, 12, 6)  # left, top, right, bottom


def picture(path: Path, orientation: int = 1, box=BOX, size=(WIDTH, HEIGHT), **saving) -> Path:
    """Write a black picture in which the box is white, with an EXIF orientation."""
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **saving)
    return path


def annotated(path: Path, *boxes, mask: Path | None = None) -> Labelled:
    return Labelled(path, "a", str(path), boxes=boxes, mask=mask)


def inside(image: Labelled, height: int, width: int) -> np.ndarray:
    """Its mask, of which nothing is doubtful."""
    mask, doubt = ground_truth.mask(image, height, width)
    assert not doubt
    return mask


def edges(mask: np.ndarray) -> tuple[int, ...]:
    """Return left, top, right, bottom of a mask that is a rectangle."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert mask.sum() == len(rows) * len(columns)
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


# By hand: where the box lies in the picture as it is looked at, for each orientation.
TURNED = {
    1: (4, 2, 12, 6), 2: (20, 2, 28, 6), 3: (20, 10, 28, 14), 4: (4, 10, 12, 14),
    5: (2, 4, 6, 12), 6: (10, 4, 14, 12), 7: (10, 20, 14, 28), 8: (2, 20, 6, 28),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["png", "jpg", "tiff", "webp"])
@pytest.mark.parametrize("orientation", TURNED)
def test_a_box_is_turned_as_its_picture_is(tmp_path: Path, orientation: int, ending: str) -> None:
    saving = {"jpg": {"quality": 100}, "webp": {"lossless": True}}.get(ending, {})
    path = picture(tmp_path / f"a.{ending}", orientation, **saving)
    height, width = (WIDTH, HEIGHT) if orientation > 4 else (HEIGHT, WIDTH)
    mask = inside(annotated(path, BOX), height, width)
    assert edges(mask) == TURNED[orientation]
    seen = as_pixels(decoded(path), height, width, "gray")[..., 0]
    assert np.array_equal(seen > 127, mask == 1)
    stored = picture(tmp_path / "mask.png")  # drawn over the file's own pixels
    assert edges(inside(annotated(path, mask=stored), height, width)) == edges(mask)
    if orientation > 4:  # drawn over what one sees, as its size tells
        upright = Image.fromarray(255 * mask)
        upright.save(tmp_path / "upright.png")
        found = inside(annotated(path, mask=tmp_path / "upright.png"), height, width)
        assert edges(found) == edges(mask)


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((8, 16), BOX, (2, 1, 6, 3)),  # halved: every edge is
        ((32, 64), BOX, (8, 4, 24, 12)),
        ((16, 16), BOX, (2, 2, 6, 6)),  # not both sides alike
        ((8, 16), (5, 2, 12, 6), (2, 1, 6, 3)),  # half a pixel is enough
        ((8, 16), (4.6, 2, 11.4, 6), (2, 1, 6, 3)),
        ((2, 4), (9, 1, 10, 2), (1, 0, 2, 1)),  # smaller than a pixel: the one it is in
        ((16, 32), (30.2, 14.2, 30.3, 14.3), (30, 14, 31, 15)),
        ((16, 32), (-1, -1, 4, 17), (0, 0, 4, 16)),  # what lies outside is cut off
    ],
)
def test_a_box_is_resized_as_its_picture_is(tmp_path: Path, size, box, expected) -> None:
    image = annotated(picture(tmp_path / "a.png"), box)
    assert edges(inside(image, *size)) == expected


def test_several_objects_and_boxes_outside(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    mask = inside(annotated(path, (0, 0, 4, 4), (28, 12, 32, 16)), HEIGHT, WIDTH)
    assert mask.sum() == 32 and mask[:4, :4].all() and mask[12:, 28:].all()
    mask, doubt = ground_truth.mask(annotated(path, BOX, (28, 12, 34, 16)), HEIGHT, WIDTH)
    assert mask.sum() == 48 and doubt == "its box 28 12 34 16 reaches beyond its 32×16 pixels"
    with pytest.raises(UnusableImage, match="its boxes lie outside its 32×16 pixels"):
        inside(annotated(path, (40, 2, 50, 4)), HEIGHT, WIDTH)


@pytest.mark.parametrize(
    "as_mask",
    [
        lambda inside: Image.fromarray(inside.astype(np.uint8)),  # 0 and 1
        lambda inside: Image.fromarray(255 * inside.astype(np.uint8)),
        lambda inside: Image.fromarray(inside),
        lambda inside: Image.fromarray(60000 * inside.astype(np.uint16)),
        lambda inside: Image.fromarray(inside[..., None] * np.array([[[0, 128, 0]]], np.uint8)),
        lambda inside: Image.fromarray(3 * inside.astype(np.uint8)).convert("P"),
    ],
)
def test_kinds_of_masks(tmp_path: Path, as_mask: Callable[[np.ndarray], Image.Image]) -> None:
    object_pixels = np.zeros((HEIGHT, WIDTH), bool)
    object_pixels[2:6, 4:12] = True
    as_mask(object_pixels).save(tmp_path / "mask.png")
    image = annotated(picture(tmp_path / "a.png"), mask=tmp_path / "mask.png")
    assert edges(inside(image, HEIGHT, WIDTH)) == BOX
    assert edges(inside(image, 8, 16)) == (2, 1, 6, 3)


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    path, mask = picture(tmp_path / "a.png"), picture(tmp_path / "b.jpg", quality=40)
    found = inside(annotated(path, mask=mask), HEIGHT, WIDTH)
    assert edges(found) == BOX, "what JPEG leaves around it is not white"
    with pytest.raises(UnusableImage, match=r"the mask .*c.png has 8×8 pixels, its image 32×16"):
        picture(tmp_path / "c.png", size=(8, 8))
        inside(annotated(path, mask=tmp_path / "c.png"), HEIGHT, WIDTH)
    empty = picture(tmp_path / "d.png", box=(0, 0, 0, 0))
    found, doubt = ground_truth.mask(annotated(path, mask=empty), HEIGHT, WIDTH)
    assert not found.any() and doubt.endswith("d.png is black: no object in it")


@pytest.mark.parametrize(
    ("header", "row", "boxes"),
    [
        ("id,label,xmin,ymin,xmax,ymax", "a,b,1,2,3,4", ((1, 2, 3, 4),)),
        ("id,label,width,height,xmin,ymin,xmax,ymax", "a,b,9,9,1,2,3,4", ((1, 2, 3, 4),)),
        ("x0,y0,x1,y1", "1.5,2,3,4", ((1.5, 2, 3, 4),)),
        ("x1,y1,x2,y2", "1,2,3,4", ((1, 2, 3, 4),)),
        ("x,y,w,h", "1,2,3,4", ((1, 2, 4, 6),)),
        ("id,boxes", "a,1 2 3 4; 5 6 7 8", ((1, 2, 3, 4), (5, 6, 7, 8))),
        ("id,bbox", "a,[(1 2 3 4)]", ((1, 2, 3, 4),)),
        ("id,xmin,ymin,xmax,ymax", "a,,,,", ()),
        ("id,label", "a,b", ()),
        ("id,width,height", "a,3,4", ()),
    ],
)
def test_columns(header: str, row: str, boxes: tuple) -> None:
    assert BoxColumns(header.split(",")).boxes(row.split(",")) == boxes


def fetched(folder: Path, **options) -> RawDataset:
    return image_folder.fetch(image_folder.Options(
        source="image_folder", reads=str(folder), size=[HEIGHT, WIDTH], colour="gray", **options
    ))  # fmt: skip


def test_a_table_of_boxes(tmp_path: Path) -> None:
    for number in range(6):
        picture(tmp_path / f"{number}.png", box=(number, 0, number + 2, 2))
    rows = [f"{n}.png,{'ab'[n % 2]},{n},0,{n + 2},2" for n in range(5)]
    table = tmp_path / "t.csv"
    head = "file,label,xmin,ymin,xmax,ymax"
    table.write_text("\n".join([head, *rows, "1.png,b,10,4,14,8", "5.png,b,,,,"]))
    raw = in_canonical_order(fetched(tmp_path, labels="t.csv"))
    assert raw.annotations == ("boxes",) and raw.test_masks is None and raw.masks is not None
    assert raw.remarks == ("boxes of 5 of 6 images (6 boxes): maps are measured against them; none "
                           "of 5.png",)  # fmt: skip
    # In the pictures the box is what is white: each mask is with its picture, in any order.
    white = raw.images[..., 0] == 255
    masks = raw.masks[:]
    sizes = masks.sum(axis=(1, 2))
    assert sorted(sizes.tolist()) == [0, 4, 4, 4, 4, 4 + 16]
    assert (masks[sizes == 4] == white[sizes == 4]).all()
    dataset = split(raw, 0.4, seed=1)
    assert dataset.annotations == ("boxes",) and dataset.test_masks is not None
    for image, mask in zip(dataset.test_images[..., 0] == 255, dataset.test_masks, strict=True):
        assert mask.sum() in (0, 20) or np.array_equal(image, mask)
    for row, message in (
        ("0.png,b,0,0,2,2", "'b' here, 'a' in row 2; one image has one label"),
        ("0.png,a,,,,", "a duplicate of row 2"),
        ("5.png,b,1,1,1,2", "box 1 1 1 2: ends before it begins"),
        ("5.png,b,1,1,x,2", "box '1 1 x 2': expected numbers"),
        ("5.png,b,1,,1,2", "box '1  1 2': expected four numbers"),
    ):
        table.write_text("\n".join([head, *rows, row]))
        with pytest.raises(UserError, match=message):
            fetched(tmp_path, labels="t.csv")


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("masks/{part}{label}/{n}.png", ("",)),
        ("masks/{part}{label}/{n}.png", ("train/", "test/")),
        ("masks/{label}{n}_mask.png", ("",)),
    ],
)
def test_a_folder_of_masks(tmp_path: Path, place: str, parts: tuple[str, ...]) -> None:
    flat = "{part}" not in place
    for part in parts:
        for label in "ab":
            for n in range(2):
                box = (n, 0, n + 4, 4)
                name = f"{label}{n}" if flat else str(n)
                picture(tmp_path / part / label / f"{name}.jpg", box=box, quality=100)
                picture(tmp_path / place.format(part=part, label=label, n=n), box=box)
    bad = tmp_path / place.format(part=parts[-1], label="b", n=1)
    bad.write_bytes(b"")
    picture(tmp_path / place.format(part=parts[-1], label="a", n=0), box=(0, 0, 0, 0))
    raw = fetched(tmp_path, masks="masks")
    images, masks = (raw.test_images, raw.test_masks) if parts[-1] else (raw.images, raw.masks)
    assert raw.annotations == ("masks",) and masks is not None and raw.class_names == ("a", "b")
    assert masks[:].sum(axis=(1, 2)).tolist() == [0, 16, 16, 0]
    assert np.array_equal(images[1:3, ..., 0] > 127, masks[1:3] == 1)
    assert [line.rpartition(": ")[2] for line in raw.remarks[-4:]] == [
        "1 of them cannot be used:", "the file is empty; expected an image",
        "1 of them may be wrong:", "no object in it",
    ]  # fmt: skip
    with pytest.raises(UserError, match="there is no such folder; correct `masks`"):
        fetched(tmp_path, masks="mask")


def test_tiny_imagenets_boxes(tmp_path: Path) -> None:
    # Its numbers are the first and the last pixel.
    train, val = tmp_path / "train", tmp_path / "val"
    for label in ("n00000001", "n00000002"):
        picture(train / label / "images" / f"{label}_0.JPEG", quality=100)
        (train / label / f"{label}_boxes.txt").write_text(f"{label}_0.JPEG\t4\t2\t11\t5\n")
        picture(val / "images" / f"val_{label}.JPEG", quality=100)
    lines = [f"val_{label}.JPEG\t{label}\t4\t2\t11\t5" for label in ("n00000001", "n00000002")]
    (val / "val_annotations.txt").write_text("\n".join(lines))
    raw = fetched(tmp_path)
    assert raw.masks is None and raw.test_masks is not None
    assert [edges(mask) for mask in raw.test_masks] == [BOX, BOX]
    assert not any("no image" in line for line in raw.remarks)
    (val / "val_annotations.txt").write_text("\n".join([lines[0], lines[1][:-2]]))
    with pytest.raises(UserError, match=r"line 2: expected the box as four whole numbers"):
        fetched(tmp_path)


def test_absolute_names_in_a_table_beside_masks(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = []
    for name, place in zip("abcd", ("images/x", "images/x", "images", "more"), strict=True):
        image = picture(root / place / f"{name}.png")
        rows.append(f"{image},{'pq'[len(rows) % 2]}")
        picture(root / "masks" / place.partition("/")[2] / f"{name}.png")
    table = root / "t.csv"
    table.write_text("\n".join(["file,label", *rows]))
    raw = fetched(root, images="images", masks="masks", labels="t.csv")
    # That of an image beside the folder lies in `masks` itself; nothing above it is looked into.
    assert raw.masks is not None and raw.masks[:].any(axis=(1, 2)).all()

    outside = picture(tmp_path / "e.png")
    table.write_text("\n".join(["file,label", *rows, f"{outside},p"]))
    for refused in (
        lambda: fetched(root, images="images", masks="masks", labels="t.csv"),
        lambda: of_folder(root, "t.csv"),
    ):
        with pytest.raises(UserError, match=r"row 6: .*e\.png leads out of the folder"):
            refused()
