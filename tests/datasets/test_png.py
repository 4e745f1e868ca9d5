"""PNGs as no library writes them: of every depth, cut off, overfull, with wrong checksums."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets.decoding import as_pixels, opened
from heatproof.datasets.deep import UnusableImage

GREY, RGB, GREY_ALPHA, RGB_ALPHA = 0, 2, 4, 6
SHADES = np.arange(64).reshape(8, 8) % 4  # of the four that 2 bits have


def chunk(kind: bytes, data: bytes = b"", wrong: bool = False) -> bytes:
    """A chunk with its checksum, or with a wrong one."""
    checksum = zlib.crc32(kind + data) ^ wrong
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(samples: np.ndarray, bits: int, colour: int = GREY, before: bytes = b"") -> bytes:
    """A PNG of integers (height, width, samples per pixel), with chunks before its pixels."""
    places = np.arange(bits)[::-1]
    rows = np.packbits(samples[..., np.newaxis] >> places & 1).reshape(len(samples), -1)
    data = zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes())
    header = struct.pack(">IIBBBBB", samples.shape[1], len(samples), bits, colour, 0, 0, 0)
    return b"".join((b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), before,
                     chunk(b"IDAT", data), chunk(b"IEND")))  # fmt: skip


def pixels(path: Path, content: bytes, colour: str = "gray") -> np.ndarray:
    path.write_bytes(content)
    image = opened(path)
    return as_pixels(image, image.height, image.width, colour)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_one_picture_of_any_depth_with_a_transparent_shade(tmp_path: Path, bits: int) -> None:
    step = (2**bits - 1) // 3
    transparent = chunk(b"tRNS", struct.pack(">H", 2 * step))
    seen = pixels(tmp_path / "a.png", png(SHADES[..., None] * step, bits, before=transparent))
    np.testing.assert_array_equal(seen[..., 0], np.array([0, 85, 0, 255])[SHADES])


@pytest.mark.parametrize(
    ("colour", "samples"), [(GREY, 1), (RGB, 3), (GREY_ALPHA, 2), (RGB_ALPHA, 4)]
)
def test_16_bits_are_rounded_to_8_whatever_their_colour(
    tmp_path: Path, colour: int, samples: int
) -> None:
    deep = np.random.default_rng(0).integers(0, 2**16, (9, 7, samples))
    deep[0, 0] = 65535
    expected = np.rint(deep / 257)
    if colour in (GREY_ALPHA, RGB_ALPHA):
        deep[..., -1] = 65535
    seen = pixels(tmp_path / "a.png", png(deep, 16, colour), "rgb")
    shown = expected[..., :-1] if colour in (GREY_ALPHA, RGB_ALPHA) else expected
    np.testing.assert_array_equal(seen, np.broadcast_to(shown, seen.shape))


def test_a_transparent_colour_of_16_bits(tmp_path: Path) -> None:
    deep = np.full((8, 8, 3), 51400)
    deep[:, :4, 2] = 51401  # another colour, though not in its upper 8 bits
    transparent = chunk(b"tRNS", struct.pack(">HHH", 51400, 51400, 51401))
    seen = pixels(tmp_path / "a.png", png(deep, 16, RGB, transparent), "rgb")
    assert (seen[:, :4] == 0).all()
    assert (seen[:, 4:] == 200).all()


@pytest.mark.parametrize(("colour", "samples"), [(GREY, 1), (RGB, 3)])
def test_12_bits_in_a_file_of_16_have_256_levels(tmp_path: Path, colour: int, samples: int) -> None:
    deep = np.repeat(np.arange(4096).reshape(64, 64, 1), samples, axis=-1)
    seen = pixels(tmp_path / "a.png", png(deep, 16, colour))
    np.testing.assert_array_equal(seen[..., 0], np.rint(deep[..., 0] * 255 / 4095))


@pytest.mark.parametrize("kind", [b"gAMA", b"tEXt", b"iCCP", b"acTL", b"prVt"])
def test_a_wrong_checksum_where_it_does_not_matter(tmp_path: Path, kind: bytes) -> None:
    harmless = chunk(kind, b"\0\0\xb1\x8f", wrong=True)
    seen = pixels(tmp_path / "a.png", png(SHADES[..., None] * 85, 8, before=harmless))
    np.testing.assert_array_equal(seen[..., 0], SHADES * 85)


def overfull(megabytes: int) -> bytes:
    header = struct.pack(">IIBBBBB", 8, 8, 8, GREY, 0, 0, 0)
    data = zlib.compress(bytes(megabytes << 20))
    return png(SHADES[..., None], 8)[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", data)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (overfull(8) + chunk(b"IEND"), "more data than an image of its size has"),
        (overfull(8)[:-4] + chunk(b"IEND"), "more data than an image"),
        (png(SHADES[..., None], 8)[:-12], "cut off"),
        (png(SHADES[..., None], 8)[:-1], "cut off"),
        (png(SHADES[..., None], 8, before=chunk(b"pIEC") * 200_000), "too many pieces"),
        (png(SHADES[..., None], 8, before=chunk(b"PLTE", bytes(2**21))), "more data than"),
        (png(SHADES[..., None], 8)[:8] + chunk(b"IDAT") + chunk(b"IEND"), "no header"),
    ],
)
def test_what_is_refused_before_it_is_decompressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr("PIL.Image.open", lambda *a, **k: pytest.fail("decoded"))
    with pytest.raises(UnusableImage, match=said):
        pixels(tmp_path / "a.png", content)
