"""What becomes of an image file's pixels, whatever kind it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets.decoding import UNREADABLE, as_pixels, opened, why_unreadable


def decoded(tmp_path: Path, image: Image.Image, name: str, **options: object) -> np.ndarray:
    image.save(tmp_path / name, **options)
    return pixels_of(tmp_path / name, image.height, image.width)


def pixels_of(path: Path, height: int, width: int, colour: str = "rgb") -> np.ndarray:
    return as_pixels(opened(path), height, width, colour)


RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    pixels = decoded(tmp_path, Image.fromarray(RAMP), "a.png")
    np.testing.assert_array_equal(pixels, np.stack([RAMP] * 3, axis=-1))


def test_an_rgb_png_of_the_size_keeps_its_pixels(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    np.testing.assert_array_equal(decoded(tmp_path, Image.fromarray(colours), "a.png"), colours)


def test_a_palette_gives_its_colours(tmp_path: Path) -> None:
    indices = Image.fromarray((np.arange(64) % 2).astype(np.uint8).reshape(8, 8), mode="P")
    indices.putpalette([255, 0, 0, 0, 0, 255])
    pixels = decoded(tmp_path, indices, "a.png")
    assert pixels[0, :2].tolist() == [[255, 0, 0], [0, 0, 255]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_is_black(tmp_path: Path, mode: str) -> None:
    # All of 200; the left half transparent.
    alpha = np.where(np.arange(8) < 4, 0, 255).astype(np.uint8)
    full = np.zeros((8, 8, 4), dtype=np.uint8) + 200
    full[..., 3] = alpha
    extra = {}
    if mode == "P":
        image = Image.fromarray(np.tile(alpha // 255, (8, 1)), mode="P")
        image.putpalette([200] * 6)
        extra = {"transparency": 0}
    elif mode == "RGB":  # one colour stands for transparent
        image = Image.fromarray(full[..., :3])
        image.paste((200, 200, 201), (0, 0, 4, 8))
        extra = {"transparency": (200, 200, 201)}
    else:
        image = Image.fromarray(full).convert(mode)
    pixels = decoded(tmp_path, image, "a.png", **extra)
    assert (pixels[:, :4] == 0).all()
    assert (pixels[:, 4:] == 200).all()


def test_half_transparent_is_half_as_bright(tmp_path: Path) -> None:
    pixels = decoded(tmp_path, Image.new("RGBA", (8, 8), (200, 100, 50, 51)), "a.png")
    assert pixels[0, 0].tolist() == [40, 20, 10]  # 51 of 255 is a fifth


def test_black_and_white(tmp_path: Path) -> None:
    bits = np.arange(64).reshape(8, 8) % 3 == 0
    pixels = decoded(tmp_path, Image.fromarray(bits), "a.png")
    np.testing.assert_array_equal(pixels[..., 2], bits * 255)


def test_cmyk_becomes_the_colours_it_prints(tmp_path: Path) -> None:
    # No ink at all is white, all of cyan has no red.
    ink = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    ink.paste((255, 0, 0, 0), (8, 0, 16, 16))
    pixels = decoded(tmp_path, ink, "a.jpg", quality=100, subsampling=0)
    np.testing.assert_allclose(pixels[:, :8], 255, atol=4)
    np.testing.assert_allclose(pixels[:, 8:], np.broadcast_to([0, 255, 255], (16, 8, 3)), atol=4)


def test_red_green_and_blue_weigh_as_the_eye_does_in_grey(tmp_path: Path) -> None:
    for name, colour, grey in (("r", (255, 0, 0), 76), ("g", (0, 255, 0), 150)):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{name}.png")
        pixels = pixels_of(tmp_path / f"{name}.png", 8, 8, "gray")
        assert pixels.shape == (8, 8, 1)
        assert (pixels == grey).all()  # ITU-R 601: 0.299, 0.587, 0.114


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.T),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).T),
        (8, lambda a: np.rot90(a)),
    ],
)
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_a_photograph_stands_upright(
    tmp_path: Path, ending: str, orientation: int, turned: Callable[[np.ndarray], np.ndarray]
) -> None:
    upright = np.arange(96, dtype=np.uint8).reshape(8, 12) * 2
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{ending}"
    Image.fromarray(upright).save(path, exif=exif)
    height, width = turned(upright).shape
    pixels = pixels_of(path, height, width, "gray")[..., 0]
    np.testing.assert_array_equal(pixels, turned(upright))


def test_shrinking_averages_and_enlarging_interpolates(tmp_path: Path) -> None:
    stripes = np.tile(np.array([0, 200], dtype=np.uint8), (32, 16))
    Image.fromarray(stripes).save(tmp_path / "a.png")
    small = pixels_of(tmp_path / "a.png", 8, 8, "gray")
    # Skipping pixels would give stripes again.
    np.testing.assert_allclose(small[:, 1:-1], 100, atol=1)
    Image.fromarray(np.array([[0, 100]], dtype=np.uint8)).save(tmp_path / "b.png")
    large = pixels_of(tmp_path / "b.png", 1, 4, "gray")
    assert large[0, :, 0].tolist() == [0, 25, 75, 100]  # as in the digits' enlargement


LOSSLESS = ("PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")


@pytest.mark.parametrize("kind", LOSSLESS)
def test_the_same_pixels_from_every_kind_of_file_whatever_its_ending(
    tmp_path: Path, kind: str
) -> None:
    colours = np.random.default_rng(0).integers(0, 2, (16, 17, 3), dtype=np.uint8) * 255
    exact = {"AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {"lossless": True})
    Image.fromarray(colours).save(tmp_path / "a.jfif", kind, **exact)
    seen = pixels_of(tmp_path / "a.jfif", 16, 17).astype(int)
    np.testing.assert_allclose(seen, colours, atol=4 if kind == "AVIF" else 0)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), (value, value, value)) for value in (0, 255, 100)]
    frames[0].save(tmp_path / "a", kind, save_all=True, append_images=frames[1:])
    assert pixels_of(tmp_path / "a", 16, 16).max() <= 1


@pytest.mark.parametrize("kind", [*LOSSLESS, "JPEG"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, kind)
    content = path.read_bytes()
    end = len(content) - (2 if kind == "GIF" else 0)  # a GIF's pixels end before its last two bytes
    for kept in {*range(1, end, end // 20), *range(end - 12, end)}:
        path.write_bytes(content[:kept])
        with pytest.raises(UNREADABLE) as refusal:
            opened(path)
        assert why_unreadable(path, refusal.value)


@pytest.mark.parametrize("kind", ["plain", "progressive", "two pictures in one, as of cameras"])
def test_jpegs_of_any_kind(tmp_path: Path, kind: str) -> None:
    smooth = np.linspace(0, 255, 32).astype(np.uint8)
    red, green = np.meshgrid(smooth, smooth)
    image = Image.fromarray(np.stack([red, green, 255 - red], axis=-1))
    settings = {"quality": 95, "progressive": kind == "progressive"}
    if kind.startswith("two"):
        image.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[image], **settings)
    else:
        image.save(tmp_path / "a.jpg", **settings)
    np.testing.assert_allclose(pixels_of(tmp_path / "a.jpg", 32, 32), image, atol=8)
