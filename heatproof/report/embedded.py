"""Files of the site as the document of all its pages holds them: in addresses of their own."""

import io
import posixpath
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from heatproof.report.charts.sprites import address
from heatproof.run.errors import UserError

DATA = {".json": "application/json"}  # files that a page offers, which the document then holds
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True)
class Picture:
    """A picture that the document holds once: its id, size in pixels, and itself as an address."""

    id: str
    width: int
    height: int
    address: str


class Pictures:
    """The site's pictures, each once however many pages show it, and under whatever names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[bytes, Picture] = {}

    def __contains__(self, path: str) -> bool:
        return posixpath.splitext(path)[1] in TYPES and (self._folder / path).is_file()

    def take(self, path: str) -> Picture:
        """Return the picture of a file of the site.

        Raises:
            UserError: there is no such picture.
        """
        if path not in self:
            raise UserError(
                f"{self._folder / path}: a page shows this picture, and it is not there: make the "
                "report again with `dvc repro -f report`"
            )
        content = (self._folder / path).read_bytes()
        if content not in self._found:
            with Image.open(io.BytesIO(content)) as image:
                width, height = image.size
            kind = TYPES[posixpath.splitext(path)[1]]
            embedded = address(kind, content)
            name = f"picture-{len(self._found) + 1}"
            self._found[content] = Picture(name, width, height, embedded)
        return self._found[content]

    def embedded(self, path: str) -> str | None:
        """A data file of the site as an address that holds it; None where there is none such."""
        kind = DATA.get(posixpath.splitext(path)[1])
        if kind is None or not (self._folder / path).is_file():
            return None
        return address(kind, (self._folder / path).read_bytes())

    def all(self) -> tuple[Picture, ...]:
        """Every picture taken, in the order in which they were first asked for."""
        return tuple(self._found.values())
