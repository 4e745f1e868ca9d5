"""What decides a PNG's pixels: checked before Pillow is given it, and nothing else given.

A file that is cut off anywhere, or that brings far more data than its pixels need, is refused
before any of it is decompressed. What decides no pixel (gamma, text, colour profiles, an
animation's later frames) is left out: nothing in it can refuse a good picture.
"""

import io
import os
import struct
from typing import BinaryIO

from PIL import Image

from heatproof.datasets.deep import Deep, UnusableImage, deep_values

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DECISIVE = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # per pixel, by colour type
_MAX_CHUNKS = 200_000  # a million empty ones would take long to walk over
_MAX_SIDE_BYTES = 2**20  # of a palette or an EXIF block


def opened(file: BinaryIO) -> Image.Image | Deep:
    """Decode a PNG file, not yet turned; 16-bit ones keep their 16 bits.

    Args:
        file: of which the signature was read.

    Raises:
        UnusableImage: it is cut off, or not what its header says.
        OSError, SyntaxError, ValueError: what Pillow raises of a damaged one.
    """
    content = _decisive_chunks(file)
    bits, colour = content[24], content[25]
    if bits == 16:
        return deep_values(lambda: Image.open(io.BytesIO(content), formats=("PNG",)))
    image = Image.open(io.BytesIO(content), formats=("PNG",))
    transparent = image.info.get("transparency")
    if colour == 0 and bits < 8 and isinstance(transparent, int):
        # Pillow scales the pixels to 8 bits and leaves the transparent value as it was stored.
        levels = 2**bits - 1
        image.info["transparency"] = (transparent & levels) * 255 // levels
    return image


def _decisive_chunks(file: BinaryIO) -> bytes:
    size = os.fstat(file.fileno()).st_size
    kept, place, pixel_bytes, allowed = [SIGNATURE], len(SIGNATURE), 0, 0
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        length, kind = struct.unpack(">I4s", head) if len(head) == 8 else (size, b"")
        end = place + length + 12  # with the checksum behind it
        if end > size:
            raise UnusableImage("the image is damaged or cut off; save it again")
        if kind in _DECISIVE:
            pixel_bytes += length if kind == b"IDAT" else 0
            if pixel_bytes > allowed or (kind != b"IDAT" and length > _MAX_SIDE_BYTES):
                raise UnusableImage("more data than an image of its size has; save it again")
            kept.append(head + file.read(length + 4))
        else:
            file.seek(end)
        if len(kept) == 2 and not allowed:
            allowed = _allowed_bytes(kept[1])
        if kind == b"IEND":
            return b"".join(kept)
        place = end
    raise UnusableImage("the image is in too many pieces; save it again")


def _allowed_bytes(header: bytes) -> int:
    """Return how many bytes compressed pixels may have: several times what they need at worst."""
    if header[4:8] != b"IHDR" or len(header) != 25:
        raise UnusableImage("the image is damaged: it has no header; save it again")
    width, height, bits, colour = struct.unpack(">IIBB", header[8:18])
    if width * height > (Image.MAX_IMAGE_PIXELS or width * height):
        raise Image.DecompressionBombError(f"{width}×{height} pixels")
    row = 1 + -(-width * bits * _SAMPLES.get(colour, 4) // 8)
    return 4 * height * row + 4096
