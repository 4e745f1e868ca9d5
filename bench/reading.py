"""How fast a folder of pictures is read, beside Pillow alone: `python -m bench.reading`

The peer decodes and resizes each file by Pillow in as many threads as there are cores, and does
nothing else. The project looks for the files, reads them and says what is wrong with them, as the
stage `fetch` does. Both take turns in one process, on the same files, which are in the operating
system's cache. Exits with 1 where the project reads fewer than 0.9 times as many pictures a second.

Without `--images` the pictures are crops of scikit-learn's two photographs, as JPEG and as PNG.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.reading")

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from bench import record
from bench.results import PROJECT, Measurement
from heatproof.datasets.class_folders import labelled_by_folder
from heatproof.datasets.sources import image_folder

PART, GOAL = "reading", 0.9
SIZE = 96
DRAWN = 600  # pictures of each kind
PEER = "Pillow alone"


def by_pillow(files: Sequence[Path], size: int) -> np.ndarray:
    """Decode and resize files, uint8 (n, size, size, 3)."""
    pixels = np.empty((len(files), size, size, 3), np.uint8)

    def read(index: int) -> None:
        with Image.open(files[index]) as image:
            resized = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        pixels[index] = np.asarray(resized)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(read, range(len(files))))
    return pixels


def by_project(folder: Path, size: int) -> int:
    """Read a folder as the stage `fetch` does; return how many pictures were read."""
    raw = image_folder.fetch(
        image_folder.Options(
            source="image_folder", reads=str(folder), size=[size, size], skip_unreadable=1.0
        )
    )
    return len(raw.labels) + len(raw.test_labels)


def draw(folder: Path, ending: str, count: int) -> None:
    """Write crops of scikit-learn's photographs, of several sizes, into two class folders."""
    from sklearn.datasets import load_sample_images

    generator = np.random.default_rng(0)
    for label, photo in enumerate(load_sample_images().images):
        place = folder / f"photo {label}"
        place.mkdir(parents=True)
        for number in range(count // 2):
            side = int(generator.integers(200, 420))
            top, left = (int(generator.integers(0, length - side)) for length in photo.shape[:2])
            crop = Image.fromarray(photo[top : top + side, left : left + side])
            crop.save(place / f"{number}.{ending}", quality=85)


def rates(folder: Path, size: int, rounds: int) -> dict[str, list[float]]:
    """Return the pictures that both sides read in a second, in each round."""
    files = [image.path for image in labelled_by_folder(folder).images]
    good = [path for path in files if _decodes(path)]
    sides: dict[str, Callable[[], object]] = {
        PROJECT: lambda: by_project(folder, size),
        PEER: lambda: by_pillow(good, size),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            taken[name].append(len(good) / (time.perf_counter() - started))
    return taken


def _decodes(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def main() -> None:
    """Measure a folder, or those that are drawn here; exit with 1 if the goal is missed."""
    parser = record.parser(__doc__ or "")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="of one class folder each")
    parser.add_argument("--size", type=int, default=SIZE, help="of a side, in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, record.into(options.results) as take:
        folders = {options.images.name: options.images} if options.images else {}
        for ending in () if folders else ("jpg", "png"):
            folders[ending] = Path(place) / ending
            draw(folders[ending], ending, DRAWN)
        for name, folder in folders.items():
            taken = rates(folder, options.size, options.rounds)
            note = f"to {options.size}×{options.size} pixels"
            take(
                Measurement(
                    PART, f"reading {name}", "images/s", "more", taken, goal=GOAL, note=note
                )
            )
