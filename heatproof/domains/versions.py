"""Test images in all versions, clean and corrupted: predictions of all, maps of the first few."""

from dataclasses import dataclass, field

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.config.params import Params
from heatproof.domains.comparison import AGREEMENT
from heatproof.domains.corruptions import SEVERITIES, corrupted
from heatproof.domains.maps import Explainers, Values, explainers
from heatproof.evaluation.inference import compiled_forward, logits
from heatproof.models.build import trained_network
from heatproof.run.progress import Progress
from heatproof.statistics.correlation import magnitude_correlation
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset, Predictions

CLEAN = ("clean", 0)
SEVERITY = range(1, SEVERITIES + 1)

Version = tuple[str, int]  # a corruption and its severity


@dataclass
class Versions:
    """A network's answers to its test images in all versions, and what is measured of its maps.

    names: `CLEAN`, then each corruption at severity 1 to 5. predictions, values: of each version;
    values of the first `explained` images, `AGREEMENT` with the map of the clean image among them.
    clean_maps: method -> float32 (explained, height, width). example: an explained image, with its
    copies uint8 (versions, height, width, channels), and method -> its maps float32 (versions,
    height, width).
    """

    dataset: Dataset
    explained: int
    names: list[Version]
    labels: np.ndarray
    predictions: list[Predictions]
    unsupported: dict[str, str]
    clean_maps: dict[str, np.ndarray] = field(default_factory=dict)
    values: list[Values] = field(default_factory=list)
    example: int = 0
    example_images: list[np.ndarray] = field(default_factory=list)
    example_maps: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """Those that support the network."""
        return list(self.clean_maps)

    @property
    def predicted(self) -> np.ndarray:
        """What is predicted, int64 (versions, images)."""
        return np.stack([each.predicted for each in self.predictions])

    @property
    def right(self) -> np.ndarray:
        """Whether that is so, bool (versions, images)."""
        return self.predicted == self.labels

    def table(self, measure: str, method: str) -> np.ndarray:
        """Return a measure of a method's maps, float64 (versions, explained)."""
        return np.stack([values[measure][method] for values in self.values])


def in_all_versions(study: Params, cell: str) -> Versions:
    """Corrupt a cell's test images, predict all copies, and explain those of the first images.

    A version's images are made where they are needed, twice the first few: all of them at once
    would not fit into memory.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    options, data = study.domains, artifacts.read_dataset(study.cell(cell).dataset)
    model = trained_network(study.run(cell), data.test_images.shape[1:], len(data.class_names))
    images, labels = data.test_images[: options.images], data.test_labels[: options.images]
    names = [CLEAN, *((name, n) for name in options.corruptions for n in SEVERITY)]
    progress = Progress(f"{cell}: corrupted", 2 * len(names))
    index, forward = np.arange(len(images)), compiled_forward(model, len(images))
    predictions = []
    for name, severity in names:
        with progress.part(f"{name} {severity}, predictions"):
            copies = corrupted(images, index, name, severity, study.seed)
            found = Predictions(labels, logits(forward, copies), data.class_names)
            predictions.append(found)
    explain = explainers(study, Network(model), data)
    explain.network.progress = progress
    explained = min(options.explained, len(images))
    tried = Versions(data, explained, names, labels, predictions, dict(explain.unsupported))
    tried.example = _example(tried.right[:, :explained])
    for row, (name, severity) in enumerate(names):
        with progress.part(f"{name} {severity}, maps"):
            copies = corrupted(images[:explained], index[:explained], name, severity, study.seed)
            _explain(tried, explain, row, copies)
    return tried


def _explain(tried: Versions, explain: Explainers, row: int, images: np.ndarray) -> None:
    """Explain a version's images: the class predicted here, for what is measured of one map; for
    agreement the class predicted for the clean image."""
    before, predicted = (
        tried.predictions[version].predicted[: tried.explained] for version in (0, row)
    )
    same = explain.maps(images, before)
    own = {name: maps.copy() for name, maps in same.items()}
    changed = np.flatnonzero(predicted != before)
    if len(changed):
        for name, maps in explain.maps(images[changed], predicted[changed]).items():
            own[name][changed] = maps
    if not row:
        tried.clean_maps = same
    agreement = {
        name: magnitude_correlation(tried.clean_maps[name], maps) for name, maps in same.items()
    }
    tried.values.append({AGREEMENT: agreement} | explain.measured(images, predicted, own))
    tried.example_images.append(images[tried.example])
    for name, maps in own.items():
        tried.example_maps.setdefault(name, []).append(maps[tried.example])


def _example(right: np.ndarray) -> int:
    """Return the first image that is right when clean, and wrong in some copy; else the first.

    right: bool (versions, explained).
    """
    fitting = np.flatnonzero(right[0] & ~right.all(axis=0))
    return int(fitting[0]) if len(fitting) else 0
