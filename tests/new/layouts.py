"""Pictures in every layout in which people have them."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

CLASSES, EACH = ("ant", "bee"), 6
# What a layout's own split has of each class. Without one a fifth of six is one.
UNSPLIT, HALVES, THIRDS = (5, 0, 1), (3, 0, 3), (2, 2, 2)


def value(label: int, number: int) -> int:
    """The brightness that tells a picture of this test."""
    return 100 * label + 10 * number


def picture(path: Path, label: int, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (12, 10), value(label, number)).save(path)


def folders(*parts: str) -> Callable[[Path], list[str]]:
    """Class folders, below those of parts if there are some."""

    def write(place: Path) -> list[str]:
        for label, name in enumerate(CLASSES):
            for number in range(EACH):
                part = parts[number % len(parts)] if parts else "."
                picture(place / part / name / f"{number}.png", label, number)
        return []

    return write


def table(header: str, row: str, name: str = "t.csv", below: str = "") -> Callable:
    """A labels table, of pictures that lie below a folder."""

    def write(place: Path) -> list[str]:
        rows = [header]
        for label, kind in enumerate(CLASSES):
            for number in range(EACH):
                stem = f"{below}{kind}{number}"
                picture(place / f"{stem}.png", label, number)
                split = ("train", "val", "test")[number % 3]
                rows.append(row.format(stem=stem, label=kind, split=split, pair=number // 2))
        (place / name).write_text("\n".join(rows))
        return ["--labels", name]

    return write


def tiny_imagenet(place: Path) -> list[str]:
    for label, wnid in enumerate(("n00000001", "n00000002")):
        for number in range(3):
            picture(place / "train" / wnid / "images" / f"{number}.JPEG", label, number)
            picture(place / "val" / "images" / f"{wnid}{number}.JPEG", label, number + 3)
    lines = [
        f"{path.name}\t{path.name[:9]}\t0\t0\t5\t5" for path in (place / "val/images").iterdir()
    ]
    (place / "val" / "val_annotations.txt").write_text("\n".join(lines))
    (place / "words.txt").write_text("n00000001\tant, pismire\nn00000002\tbee")
    return []


def arrays() -> dict[str, np.ndarray]:
    labels = np.repeat([0, 1], EACH)
    values = [value(label, number % EACH) for number, label in enumerate(labels)]
    images = np.broadcast_to(np.array(values, np.uint8)[:, None, None], (2 * EACH, 10, 12))
    return {f"{part}/{name}": each[start::2] for start, part in enumerate(("train", "test"))
            for name, each in (("images", images), ("labels", labels))}  # fmt: skip


def hdf5(place: Path) -> list[str]:
    place.mkdir()
    with h5py.File(place / "a.h5", "w") as file:
        for name, array in (arrays() | {"class_names": np.array(CLASSES, "S")}).items():
            file[name] = array
    return []


def npz(place: Path) -> list[str]:
    place.mkdir()
    named = {name.replace("/", "_"): array for name, array in arrays().items()}
    np.savez(place / "a.npz", class_names=np.array(CLASSES), **named)
    return []


LAYOUTS = {
    "class folders": (folders(), UNSPLIT),
    "train, val, test": (folders("train", "val", "test"), THIRDS),
    "training, validation, testing": (folders("training", "validation", "testing"), THIRDS),
    "train, test": (folders("Train", "Test"), HALVES),
    "train, valid": (folders("train", "valid"), HALVES),  # which is the test part then
    "filename, label": (table("filename,label,more", "{stem}.png,{label},x"), UNSPLIT),
    "file, class": (table("more,file,class", "x,{stem}.png,{label}"), UNSPLIT),
    "path, target": (table("path,target", "{stem}.png,{label}", below="a b/"), UNSPLIT),
    "image, label, tabs": (table("image\tlabel", "{stem}.png\t{label}", "t.tsv"), UNSPLIT),
    "id without ending": (table("id,label", "{stem},{label}", below="a/b/"), UNSPLIT),
    "column split": (table("file,label,split", "{stem}.png,{label},{split}"), THIRDS),
    "column group": (table("file,label,group", "{stem}.png,{label},{label}{pair}"), None),
    "Tiny-ImageNet": (tiny_imagenet, HALVES),
    "HDF5": (hdf5, HALVES),
    "npz": (npz, HALVES),
}
