"""A photo of any kind and size, as a network sees it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets import photos
from heatproof.datasets.photos import Preparation
from heatproof.run.errors import UserError

GRAY, COLOUR = (8, 8, 1), (8, 8, 3)
# A scene of 16×8: red to the left, green in the middle, blue to the right.
SCENE = np.zeros((8, 16, 3), np.uint8)
SCENE[:, :4, 0] = SCENE[:, 4:12, 1] = SCENE[:, 12:, 2] = 255


def seen(image: Image.Image, shape: tuple[int, int, int], fit: str = "crop", **how) -> np.ndarray:
    return photos.view(image, shape, Preparation(fit, **how)).pixels


def test_crop_keeps_the_middle() -> None:
    view = photos.view(Image.fromarray(SCENE), COLOUR, Preparation("crop"))
    np.testing.assert_array_equal(view.pixels, SCENE[:, 4:12])
    assert view.box == (0.25, 0.0, 0.75, 1.0)
    upright = photos.view(Image.fromarray(SCENE.transpose(1, 0, 2)), COLOUR, Preparation("crop"))
    np.testing.assert_array_equal(upright.pixels, SCENE[:, 4:12].transpose(1, 0, 2))
    assert upright.box == (0.0, 0.25, 1.0, 0.75)


def test_crop_takes_the_networks_own_proportions() -> None:
    view = photos.view(Image.fromarray(SCENE), (4, 8, 3), Preparation("crop"))
    assert view.pixels.shape == (4, 8, 3)
    assert view.box == (0.0, 0.0, 1.0, 1.0)


def test_pad_keeps_everything_on_the_borders_colour() -> None:
    drawing = np.full((8, 16), 200, np.uint8)
    drawing[3:5, 6:10] = 10
    view = photos.view(Image.fromarray(drawing), (16, 16, 1), Preparation("pad"))
    np.testing.assert_array_equal(view.pixels[4:12, :, 0], drawing)
    assert (view.pixels[:4] == 200).all() and (view.pixels[12:] == 200).all()
    assert view.box == (0.0, 0.0, 1.0, 1.0)


def test_squash_keeps_everything_out_of_proportion() -> None:
    pixels = seen(Image.fromarray(SCENE), COLOUR, "squash")
    assert pixels[4, 0].tolist() == [255, 0, 0]
    assert pixels[4, 4].tolist() == [0, 255, 0]
    assert pixels[4, 7].tolist() == [0, 0, 255]


@pytest.mark.parametrize("fit", photos.FITS)
@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 5), (28, 28)])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 24, 3)])
def test_any_size_becomes_the_networks(size, fit, shape) -> None:
    pixels = seen(Image.new("RGB", size, (90, 90, 90)), shape, fit)
    assert pixels.shape == shape and pixels.dtype == np.uint8
    assert (pixels == 90).all()


def test_an_image_of_the_networks_size_is_taken_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, COLOUR).astype(np.uint8)
    for fit in photos.FITS:
        view = photos.view(Image.fromarray(pixels), COLOUR, Preparation(fit))
        np.testing.assert_array_equal(view.pixels, pixels)
        assert view.handling == "8×8 pixels; taken as they are."


def ink(mode: str) -> Image.Image:
    """Return a black stroke in the middle of nothing (transparent) or of paper."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[2:6, 3:5, 3] = 255
    image = Image.fromarray(pixels)
    if mode == "paper":
        paper = Image.new("RGBA", image.size, (255,) * 4)
        return Image.alpha_composite(paper, image).convert("L")
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "paper"])
def test_inverted_ink_is_bright_on_black(mode: str) -> None:
    expected = np.zeros((8, 8), np.uint8)
    expected[2:6, 3:5] = 255
    np.testing.assert_array_equal(seen(ink(mode), GRAY, invert=True)[..., 0], expected)


def test_without_inverting_what_is_transparent_is_black() -> None:
    assert not seen(ink("RGBA"), GRAY).any()


def test_levels_make_a_grey_ground_black_and_the_ink_white() -> None:
    paper = np.full((20, 20), 60, np.uint8)
    paper[5:15, 9:11] = 160
    paper[5:15, 11:13] = 110
    levelled = photos.levelled(paper[..., None])[..., 0]
    assert (levelled[5:15, 9:11] == 255).all()
    assert (levelled[paper == 60] == 0).all()
    assert (levelled[5:15, 11:13] == 128).all(), "half way stays half way"
    assert not photos.levelled(np.full((8, 8, 1), 77, np.uint8)).any()


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("cmyk.jpg", Image.new("CMYK", (8, 8), (0, 0, 0, 55)), 200),
        ("grey.jpg", Image.new("L", (8, 8), 200), 200),
        ("deep.png", Image.fromarray(np.full((8, 8), 200 * 257, np.uint16)), 200),
        ("bits.png", Image.new("1", (8, 8), 1), 255),
        ("palette.png", Image.new("L", (8, 8), 200).convert("P"), 200),
    ],
)
def test_every_kind_of_file_is_read(tmp_path: Path, name, image, expected) -> None:
    image.save(tmp_path / name)
    read = photos.read(tmp_path / name)
    for shape in (GRAY, COLOUR, (6, 6, 3)):
        assert np.abs(seen(read, shape).astype(int) - expected).max() <= 1
    assert photos.preview(read).shape == (8, 8, 3)


def test_a_photo_is_turned_by_its_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right by a quarter
    Image.fromarray(SCENE).save(tmp_path / "turned.png", exif=exif)
    read = photos.read(tmp_path / "turned.png")
    assert read.size == (8, 16)
    assert photos.preview(read)[0, 4].tolist() == [255, 0, 0]


def test_the_preview_is_small_and_as_the_photo_is() -> None:
    preview = photos.preview(Image.new("RGB", (4000, 1000), (10, 200, 30)))
    assert preview.shape == (140, 560, 3)
    assert (preview == (10, 200, 30)).all()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.png", None, "there is no such file"),
        ("folder.png", "folder", "this is a folder"),
        ("empty.png", b"", "the file is empty"),
        ("text.jpg", b"Dear reader, this is a letter.", "no image of a known kind; export it"),
        ("cut.png", "cut", "damaged or cut off"),
        (
            "icon.png",
            "ico",
            "this is an image of the format ICO, which is not read; save it as PNG or JPEG",
        ),
        ("phone.heic", b"\0\0\0\x18ftypheic" + bytes(99), "a HEIF image or a film"),
        ("camera.dng", b"II*\0" + bytes(99), "a camera's raw file; export it"),
    ],
)
def test_what_is_no_image_is_refused_with_a_reason(tmp_path: Path, name, content, said) -> None:
    path = tmp_path / name
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8))
    if content == "folder":
        path.mkdir()
    elif content == "ico":
        noise.save(path, "ICO")
    elif content == "cut":
        noise.save(path)
        path.write_bytes(path.read_bytes()[:400])
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said) as mistake:
        photos.read(path)
    assert str(mistake.value).startswith(f"{path}: ")


def test_too_many_pixels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (100, 100)).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9000)
    with pytest.raises(UserError, match="too many pixels, over 9,000; make the image smaller"):
        photos.read(tmp_path / "huge.png")


@pytest.mark.parametrize(
    ("size", "fit", "words"),
    [
        ((400, 300), "crop", ["400×300 pixels", "the 300×300 in its middle", "25 % cut away"]),
        ((400, 300), "pad", ["filled with its border’s colour", "about 50 pixels"]),
        ((400, 300), "squash", ["squeezed", "reduced to 8×8"]),
        ((8, 8), "crop", ["8×8 pixels; taken as they are"]),
        ((6, 6), "crop", ["brought to 8×8"]),
    ],
)
def test_what_was_done_to_a_photo_is_described(size, fit, words) -> None:
    photo = Image.new("L", size)
    said = photos.view(photo, GRAY, Preparation(fit)).handling
    assert all(word in said for word in words), said
    said = photos.view(photo, GRAY, Preparation(fit, invert=True, levels=True)).handling
    assert "brightness inverted; levels stretched" in said
