"""A network on another dataset of the same classes: accuracy, confidence, and its maps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.config.params import PARAMS, Params
from heatproof.config.runs import on_domain
from heatproof.domains import comparison
from heatproof.domains.answers import answers
from heatproof.domains.comparison import ENTROPY, GAP
from heatproof.domains.maps import Explainers, Values, explainers
from heatproof.domains.other_dataset import as_network_takes, classes_in_order
from heatproof.evaluation.classification import confusion, top_confusions
from heatproof.evaluation.inference import compiled_forward, logits
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.run.progress import Progress
from heatproof.statistics.bootstrap import summary
from heatproof.storage import artifacts, domain_files, paths
from heatproof.storage.images import Images
from heatproof.storage.records import Predictions

STAGE = "evaluate_on"
MEASURES = (ENTROPY, GAP)
HEADLINE = ("accuracy", "confidence", "ece")
EXAMPLES = 6  # stored of the right answers, and as many of the wrong ones
CONFUSIONS = 5


@dataclass(frozen=True)
class Answered:
    """A domain's predictions, and of its first images the maps of the predicted classes.

    images: uint8 (explained, height, width, channels), as the network takes them. maps: method ->
    float32 (explained, height, width). values: what is measured of them.
    """

    predictions: Predictions
    images: np.ndarray
    maps: dict[str, np.ndarray]
    values: Values

    @property
    def wrong(self) -> np.ndarray:
        """Which explained images are answered wrong, bool (explained,)."""
        wrong = self.predictions.predicted != self.predictions.labels
        return wrong[: len(self.images)]


def evaluate_on(study: Params, cell: str, domain: str) -> None:
    """Evaluate and explain a cell on another dataset's test images; write what comes out.

    Raises:
        UserError: the cell or dataset is unknown, the datasets have not the same classes, or an
            earlier stage's file is missing or does not fit.
    """
    name, dataset = on_domain(cell, domain), study.cell(cell).dataset
    own, other = (artifacts.read_dataset(each) for each in (dataset, domain))
    order = classes_in_order(
        f"{PARAMS}: {STAGE}.{name}", (dataset, own.class_names), (domain, other.class_names)
    )
    used = {"seed": study.seed, "threads": study.threads, "domains": study.domains}
    with tracking.run(STAGE, name, used, cell) as run:
        height, width, channels = own.test_images.shape[1:]
        model = trained_network(study.run(cell), (height, width, channels), len(own.class_names))
        explain = explainers(study, Network(model), own)
        explain.network.progress = progress = Progress(name, 2)
        found: list[Answered] = []
        for title, images, labels in (
            (dataset, own.test_images, own.test_labels),
            (domain, other.test_images, order[other.test_labels]),
        ):
            with progress.part(title):
                taken = as_network_takes(images, (height, width, channels))
                predicted = logits(compiled_forward(model, len(labels)), taken)
                predictions = Predictions(labels, predicted, own.class_names)
                found.append(answered(predictions, taken, explain, study.domains.explained))
        here, there = found
        metrics = measured(here, there, study) | {"unsupported": dict(explain.unsupported)}
        domain_files.write(cell, stored(here, there), domain)
        artifacts.write_metrics(STAGE, name, metrics)
        print(
            f"{name}: accuracy {metrics['accuracy']:.4f} on {metrics['images']} test images of "
            f"{domain}, {metrics['own']['accuracy']:.4f} on those of {dataset}",
            flush=True,
        )
        run.log_results(metrics, paths.metrics(STAGE, name))
        run.log_headline({f"on_{domain}/{name}": metrics[name] for name in HEADLINE})


def answered(
    predictions: Predictions, images: Images, explain: Explainers, explained: int
) -> Answered:
    """Explain the first images of a domain for the predicted classes, and measure the maps.

    Args:
        predictions: of all its images.
        images: uint8 (n, height, width, channels), as the network takes them.
        explain: by what.
        explained: how many at most.
    """
    first, targets = images[:explained], predictions.predicted[:explained]
    maps = explain.maps(first, targets)
    return Answered(predictions, first, maps, explain.measured(first, targets, maps))


def measured(own: Answered, other: Answered, study: Params) -> dict[str, Any]:
    """Return what data/metrics/evaluate_on/<cell>-on-<dataset>.json says, but for `unsupported`.

    Returns:
        of the other dataset `accuracy`, `low`, `high`, `confidence`, `ece`, see `answers`,
        `images` and `top_confusions`; `own`, the answers to the network's own test images, and how
        many `images`; `explained`, of the other dataset; `maps`, method -> measure -> `own` and
        `other` (mean, low, high, images), `domain`, the other dataset's maps less the network's
        own, and `wrong`, wrong answers against right ones on the other dataset, both see
        `comparison.difference`.
    """
    found = other.predictions
    matrix = confusion(found.labels, found.predicted, len(found.class_names))
    maps = {
        method: {measure: _of_maps(own, other, measure, method, study) for measure in MEASURES}
        for method in other.maps
    }
    tests = [each for of_method in maps.values() for each in of_method.values()]
    for kind in ("wrong", "domain"):
        comparison.adjust([each[kind] for each in tests])
    return {
        **answers(found, study),
        "images": len(found.labels),
        "top_confusions": top_confusions(matrix, found.class_names, CONFUSIONS),
        "own": answers(own.predictions, study) | {"images": len(own.predictions.labels)},
        "explained": len(other.images),
        "maps": maps,
    }


def _of_maps(
    own: Answered, other: Answered, measure: str, method: str, study: Params
) -> dict[str, Any]:
    draws = (study.assess.bootstrap_samples, study.seed)
    both = [each.values[measure][method] for each in (own, other)]
    is_other = np.repeat([False, True], [len(values) for values in both])
    return {
        "own": summary(both[0], *draws),
        "other": summary(both[1], *draws),
        "domain": comparison.difference(np.concatenate(both)[None], is_other[None], *draws),
        "wrong": comparison.difference(both[1][None], other.wrong[None], *draws),
    }


def stored(own: Answered, other: Answered) -> dict[str, np.ndarray]:
    """Return the arrays of data/explanations/<cell>/on-<dataset>.npz.

    Returns:
        of all images of the other dataset `labels` and `predicted` int64 (n,), indices into the
        network's `class_names`, and `confidence` float32 (n,); `value/<domain>/<measure>/<method>`
        float64 (explained,), the domain being `own` or `other`; of some right and some wrong
        answers, the first of each: `example` int64 (m,), `example/images` uint8 (m, height, width,
        channels), `example/maps/<method>` float32 (m, height, width).
    """
    found, wrong = other.predictions, other.wrong
    shown = [np.flatnonzero(kind)[:EXAMPLES] for kind in (~wrong, wrong)]
    example = np.concatenate(shown).astype(np.int64)
    values = {
        f"value/{title}/{measure}/{method}": each
        for title, domain in (("own", own), ("other", other))
        for measure, by_method in domain.values.items()
        for method, each in by_method.items()
    }
    return values | {
        "labels": found.labels,
        "predicted": found.predicted,
        "confidence": found.confidence.astype(np.float32),
        "class_names": np.array(found.class_names, np.str_),
        "example": example,
        "example/images": other.images[example],
        **{f"example/maps/{method}": maps[example] for method, maps in other.maps.items()},
    }
