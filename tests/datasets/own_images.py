"""Folders of one's own images: written, fetched, refused."""

from pathlib import Path

import pytest
from PIL import Image

from heatproof.datasets.sources import image_folder
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset


def options(root: Path, **more: object) -> image_folder.Options:
    """The settings of a folder of 8×8 images."""
    settings = {"reads": str(root), "size": [8, 8], **more}
    return image_folder.Options(source="image_folder", **settings)


def flat_image(path: Path, value: int) -> Path:
    """Write an 8×8 grey image of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), value).save(path)
    return path


def table(root: Path, content: str | bytes) -> Path:
    """Write the table of labels."""
    path = root / "labels.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fetched(root: Path) -> RawDataset:
    """Fetch the folder whose labels are in a table."""
    return image_folder.fetch(options(root, images="photos", labels="labels.csv", colour="gray"))


def content(raw: RawDataset) -> dict[int, str]:
    """Return the class of each image, which is named by its first pixel."""
    values = raw.images[:, 0, 0, 0].tolist()
    return dict(zip(values, [raw.class_names[label] for label in raw.labels], strict=True))


def refusal(root: Path, **more: object) -> str:
    """Fetch what has to be refused; return what is said."""
    settings = {"images": "photos", "labels": "labels.csv", **more}
    with pytest.raises(UserError) as mistake:
        image_folder.fetch(options(root, **settings))
    return str(mistake.value)
