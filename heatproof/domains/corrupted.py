"""A network on corrupted copies of its own test images: accuracy, confidence, and its maps."""

from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.domains import comparison
from heatproof.domains.answers import answers
from heatproof.domains.comparison import AGREEMENT, ENTROPY, GAP
from heatproof.domains.corruptions import SEVERITIES
from heatproof.domains.versions import SEVERITY, Versions, in_all_versions
from heatproof.run import tracking
from heatproof.statistics import numbers
from heatproof.statistics.bootstrap import known_mean, mean_interval, summary
from heatproof.statistics.correlation import magnitude_correlation
from heatproof.storage import artifacts, domain_files, paths

STAGE = "evaluate_corrupted"
MEASURES = (AGREEMENT, ENTROPY, GAP)
HEADLINE = ("mean_corruption_accuracy", "retained_accuracy", "mean_map_agreement")


def evaluate_corrupted(study: Params, cell: str) -> None:
    """Evaluate and explain a cell on corrupted copies of its test images; write what comes out.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    used = {"seed": study.seed, "threads": study.threads, "domains": study.domains}
    with tracking.run(STAGE, cell, used) as run:
        tried = in_all_versions(study, cell)
        metrics = measured(tried, study)
        domain_files.write(cell, stored(tried))
        artifacts.write_metrics(STAGE, cell, metrics)
        print(
            f"{cell}: {numbers.plural(metrics['images'], 'test image')}, accuracy clean "
            f"{metrics['clean']['accuracy']:.4f}, corrupted "
            f"{metrics['mean_corruption_accuracy']:.4f} (mean of {len(tried.names) - 1} versions)",
            flush=True,
        )
        run.log_results(metrics, paths.metrics(STAGE, cell))
        run.log_headline({name: metrics[name] for name in HEADLINE})


def measured(tried: Versions, study: Params) -> dict[str, Any]:
    """Return what data/metrics/evaluate_corrupted/<cell>.json says.

    Returns:
        `images`, `explained`; `clean`, see `answers`; `corruptions`, name -> `mean_accuracy` and
        `severities`, the answers at each; `mean_corruption_accuracy` over all corruptions and
        severities, with its 95 % interval over the images (`mean_corruption_low`, `_high`), and
        `retained_accuracy`, as a share of the clean one; `mean_map_agreement`, of the first method;
        `maps`, method -> measure -> see `_of_maps`; `different_images`, method -> the agreement of
        two clean images' maps; `unsupported`, method -> why it has no maps.
    """
    found = [answers(each, study) for each in tried.predictions]
    rows = _rows(tried)
    correct = tried.right[1:].mean(axis=0)
    mean, low, high = mean_interval(correct, study.evaluate.bootstrap_samples, study.seed)
    accuracy = np.array([each["accuracy"] for each in found])
    maps = {
        method: {measure: _of_maps(tried, measure, method, accuracy, study) for measure in MEASURES}
        for method in tried.methods
    }
    comparison.adjust([each["wrong"] for of_method in maps.values() for each in of_method.values()])
    return {
        "images": len(tried.labels),
        "explained": tried.explained,
        "mean_corruption_accuracy": mean,
        "mean_corruption_low": low,
        "mean_corruption_high": high,
        "retained_accuracy": mean / accuracy[0] if accuracy[0] else None,
        "mean_map_agreement": maps[tried.methods[0]][AGREEMENT]["mean"] if maps else None,
        "clean": found[0],
        "corruptions": {
            name: {
                "mean_accuracy": float(accuracy[of_name].mean()),
                "severities": [found[row] for row in of_name],
            }
            for name, of_name in rows.items()
        },
        "maps": maps,
        "different_images": {
            method: _of_different_images(maps) for method, maps in tried.clean_maps.items()
        },
        "unsupported": tried.unsupported,
    }


def _of_different_images(maps: np.ndarray) -> float:
    """Return how far each image's map agrees with the next one's; NaN where there is one image."""
    others = np.roll(maps, -1, axis=0)
    return known_mean(magnitude_correlation(maps, others)) if len(maps) > 1 else float("nan")


def _rows(tried: Versions) -> dict[str, list[int]]:
    """Return the rows of each corruption, from severity 1 to 5."""
    rows: dict[str, list[int]] = {}
    for row, (name, severity) in enumerate(tried.names):
        if severity in SEVERITY:
            rows.setdefault(name, []).append(row)
    return rows


def _of_maps(
    tried: Versions, measure: str, method: str, accuracy: np.ndarray, study: Params
) -> dict[str, Any]:
    """Say what a measure of a method's maps does as images are corrupted, and answers wrong.

    Returns:
        `clean` and `hardest`, all corruptions at severity 5: mean, low, high, images; `mean` over
        all corrupted versions; `corruptions`, name -> the mean at each severity; `wrong`, wrong
        answers against right ones within each version, see `comparison.difference`; `accuracy`,
        see `comparison.trend`.
    """
    samples, seed = study.assess.bootstrap_samples, study.seed
    values, wrong = tried.table(measure, method), ~tried.right[:, : tried.explained]
    rows = _rows(tried)
    hardest = values[[of_name[SEVERITIES - 1] for of_name in rows.values()]]
    # A clean image's map agrees with itself: that is no finding.
    used = slice(1 if measure == AGREEMENT else 0, None)
    return {
        "clean": summary(values[0], samples, seed),
        "hardest": summary(np.array([known_mean(each) for each in hardest.T]), samples, seed),
        "mean": known_mean(values[1:]),
        "corruptions": {
            name: [known_mean(values[row]) for row in of_name] for name, of_name in rows.items()
        },
        "wrong": comparison.difference(values[used], wrong[used], samples, seed),
        "accuracy": comparison.trend(values[used], accuracy[used], samples, seed),
    }


def stored(tried: Versions) -> dict[str, np.ndarray]:
    """Return the arrays of data/explanations/<cell>/corrupted.npz.

    Returns:
        `corruption` str and `severity` int64 (versions,); `labels` int64 (n,); `predicted` int64
        and `confidence` float32 (versions, n); `value/<measure>/<method>` float64 (versions,
        explained); of one image, `example`: `example/images` uint8 (versions, height, width,
        channels), `example/maps/<method>` float32 (versions, height, width), for the class
        predicted in each version; `class_names`.
    """
    values = {
        f"value/{measure}/{method}": tried.table(measure, method)
        for measure in MEASURES
        for method in tried.methods
    }
    return values | {
        "corruption": np.array([name for name, _ in tried.names], np.str_),
        "severity": np.array([severity for _, severity in tried.names], np.int64),
        "labels": tried.labels,
        "predicted": tried.predicted,
        "confidence": np.stack([each.confidence for each in tried.predictions]).astype(np.float32),
        "example": np.array(tried.example),
        "example/images": np.stack(tried.example_images),
        **{f"example/maps/{name}": np.stack(maps) for name, maps in tried.example_maps.items()},
        "class_names": np.array(tried.dataset.class_names, np.str_),
    }
