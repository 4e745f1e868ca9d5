"""TIFFs and other images of more than 8 bits, and which of their values are black and white."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from heatproof.datasets.decoding import UNREADABLE, as_pixels, opened, why_unreadable
from heatproof.datasets.deep import usual_range

DEEP = np.random.default_rng(0).integers(0, 4096, (9, 7, 4)).astype(np.uint16)
DEEP[0, 0] = 4095
LAYOUTS = [
    {}, {"byteorder": ">"}, {"compression": "zlib"}, {"compression": "zlib", "predictor": 2},
    {"byteorder": ">", "compression": "zlib"}, {"tile": (16, 16)},
]  # fmt: skip


def written(path: Path, values: np.ndarray, **layout: object) -> Path:
    colour = "rgb" if values.ndim == 3 else "minisblack"
    tifffile.imwrite(path, values, **{"photometric": colour, **layout})
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("samples", [1, 3, 4])
def test_a_tiff_of_12_bits_in_16(tmp_path: Path, samples: int, layout: dict) -> None:
    values = DEEP[..., 0] if samples == 1 else DEEP[..., :samples].copy()
    if samples == 4:
        values[..., 3] = 65535  # opaque, in 16 bits whatever the colours have
        layout = {**layout, "extrasamples": ["unassalpha"]}
    seen = as_pixels(opened(written(tmp_path / "a.tif", values, **layout)), 9, 7, "rgb")
    colours = DEEP[..., :1] if samples == 1 else DEEP[..., :3]
    np.testing.assert_array_equal(
        seen, np.broadcast_to(np.rint(colours * (255 / 4095)), seen.shape)
    )


@pytest.mark.parametrize(
    ("highest", "is_real", "white"),
    [(200, False, 255), (1023, False, 1023), (1024, False, 4095), (9000, False, 16383),
     (20000, False, 65535), (0.7, True, 1), (200.0, True, 255)],
)  # fmt: skip
def test_white_is_what_files_count_up_to(highest: float, is_real: bool, white: float) -> None:
    assert usual_range(highest, is_real) == (0, white)


@pytest.mark.parametrize("kind", ["float", "integers"])
def test_a_range_of_ones_own_maps_to_black_and_white(tmp_path: Path, kind: str) -> None:
    values = np.array([[-1000, -600, 0, 600, 1400]], np.float32 if kind == "float" else np.int32)
    path = written(tmp_path / "a.tif", values)
    seen = np.asarray(opened(path, (-600, 600)))
    assert seen.tolist() == [[0, 0, 128, 255, 255]]
    with pytest.raises(UNREADABLE) as refusal:
        opened(path)
    assert "values go from -1000 to 1400" in why_unreadable(path, refusal.value)
    assert "`value_range: [black, white]`" in why_unreadable(path, refusal.value)


@pytest.mark.parametrize(
    ("values", "layout", "said"),
    [
        (np.array([[np.nan, 1]], np.float32), {}, "no numbers"),
        (DEEP.transpose(2, 0, 1)[:3], {"planarconfig": "separate"}, "one colour after the other"),
        (DEEP[..., 0], {"photometric": "miniswhite"}, "0 is white"),
        (DEEP, {"photometric": "separated"}, "save it as a PNG"),
    ],
)
def test_what_is_not_read_in_full_is_refused(
    tmp_path: Path, values: np.ndarray, layout: dict, said: str
) -> None:
    path = written(tmp_path / "a.tif", values, **layout)
    with pytest.raises(UNREADABLE) as refusal:
        opened(path, (0, 1))
    assert said in why_unreadable(path, refusal.value)


def test_colours_that_are_not_those_of_a_screen_are_refused(tmp_path: Path) -> None:
    Image.new("LAB", (8, 8)).save(tmp_path / "a.tif")
    with pytest.raises(UNREADABLE, match="CIELAB"):
        opened(tmp_path / "a.tif")


def test_a_deep_image_stands_upright(tmp_path: Path) -> None:
    values = DEEP[..., :3]
    path = written(tmp_path / "a.tif", values, extratags=[(274, "H", 1, 6, True)])
    seen = np.asarray(opened(path, (0, 65535)))
    np.testing.assert_array_equal(seen, np.rot90(np.rint(values / 257), -1))
