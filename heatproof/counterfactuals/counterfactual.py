"""Counterfactuals: the nearest images of another class, and adversarial ones.

Each of the explained images is taken once, and `images` of them at most. The search takes those
that the network gets wrong first, and has it predict the true class; of one that it gets right, the
runner-up. The attack takes those that it gets right first: a wrong one needs none.

Arrays of the result, for n images of the search and m of the attack:

- `class_names` (classes,);
- `search/image_index`, `search/label`, `search/predicted`, `search/target` int64 (n,): the test
  image, its class, the class predicted (by the cell's predictions), and the target class;
- `search/original` uint8 (n, height, width, channels) and `search/changed` float32, in [0, 1];
- `search/success`, `search/survives_rounding` bool (n,), `search/confidence_before`,
  `search/confidence`, `search/l1`, `search/l2`, `search/linf` float32 (n,), `search/l0`,
  `search/iterations` int64 (n,), as `counterfactual_search.Counterfactuals` describes them: an
  image without success is unchanged, so its distances are 0;
- `attack/image_index`, `attack/label`, `attack/before`, `attack/after` int64 (m,): the last two as
  the network predicts the original and the adversarial image;
- `attack/original` uint8 (m, height, width, channels) and `attack/changed` float32, in [0, 1]: of
  the smallest epsilon that flips the prediction, or the largest if none does;
- `attack/epsilon`, `attack/confidence_before`, `attack/confidence` float32 (m,): NaN where no
  epsilon flips; the probabilities of `before` and `after`;
- `attack/epsilons` float32 (k,), the first of them 0, and `attack/predicted` int64 (m, k);
- `attack/gradcam/<image>/<class>` float32 (m, height, width), raw: of the image `original` and
  `adversarial`, of the class `before` and `after`;
- `attack/correlation/<pair>` float32 (m,): the rank correlation of two of these maps; of the
  original and the adversarial image, each for the class predicted of it (`prediction`), or both
  for the same class (`class_before`, `class_after`). NaN where no epsilon flips, or a map is
  constant. Of a network without convolutions there are neither maps nor correlations.
"""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.explained_cell import ExplainedCell, Findings
from heatproof.attribution.core.feature_maps import feature_layer, feature_maps
from heatproof.attribution.core.panel import Row, of_image, of_values, picture, spread
from heatproof.counterfactuals.adversarial import Attack, fgsm, gradcams
from heatproof.counterfactuals.counterfactual_search import Counterfactuals, search
from heatproof.counterfactuals.options import CounterfactualOptions
from heatproof.run.lettering import drawable
from heatproof.run.progress import Progress
from heatproof.statistics.correlation import rank_correlation
from heatproof.storage.records import Explanations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPARED = {
    "prediction": ("original/before", "adversarial/after"),
    "class_before": ("original/before", "adversarial/before"),
    "class_after": ("original/after", "adversarial/after"),
}


def find(cell: ExplainedCell, options: CounterfactualOptions) -> Findings:
    """Search for counterfactual images and make adversarial ones."""
    # A network without convolutions has no feature map that Grad-CAM could weigh.
    model = cell.network.model
    layer = feature_layer(model) if feature_maps(model) else None
    cell.network.progress = progress = Progress(cell.network.model.name, 2)
    started = time.monotonic()
    with progress.part("counterfactuals"):
        searched, search_metrics = _search(cell, options, progress)
    between = time.monotonic()
    with progress.part("attack"):
        attacked, attack_metrics = _attack(cell, options, layer)
    timing = {
        "search_seconds": round(between - started, 3),
        "attack_seconds": round(time.monotonic() - between, 3),
    }
    class_names = np.array(cell.rows.class_names, np.str_)
    arrays = {"class_names": class_names} | searched | attacked
    return Findings(
        arrays,
        {"search": search_metrics, "attack": attack_metrics | {"layer": layer}},
        timing,
        lambda: figure(arrays),
    )


def distinct_images(rows: Explanations, wrong_first: bool, limit: int) -> np.ndarray:
    """Choose rows that show each image once, int64, those of wrong images first or those of right.

    Within each kind they stay in order.
    """
    once = np.sort(np.unique(rows.image_index, return_index=True)[1])
    wrong = rows.label[once] != rows.predicted[once]
    return once[np.argsort(wrong != wrong_first, kind="stable")][:limit]


def counterfactual_targets(
    logits: np.ndarray, labels: np.ndarray, predicted: np.ndarray
) -> np.ndarray:
    """Return the true class of a wrong image, and the likeliest but the predicted of a right one.

    Args:
        logits: float32 (n, classes).
        labels: int64 (n,).
        predicted: int64 (n,).

    Returns:
        int64 (n,).
    """
    others = np.where(np.arange(logits.shape[1]) == predicted[:, None], -np.inf, logits)
    return np.where(labels == predicted, others.argmax(axis=1), labels)


def _search(
    cell: ExplainedCell, options: CounterfactualOptions, progress: Progress
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    rows = cell.rows
    chosen = distinct_images(rows, wrong_first=True, limit=options.images)
    label, predicted = rows.label[chosen], rows.predicted[chosen]
    images = rows.images[chosen].astype(np.float32) / 255
    target = counterfactual_targets(cell.network.logits(images), label, predicted)
    progress.expect(len(images))
    result = search(cell.network, images, target, options)
    arrays = {
        "image_index": rows.image_index[chosen],
        "label": label,
        "predicted": predicted,
        "target": target,
        "original": rows.images[chosen],
        "changed": result.images,
    } | {name: value for name, value in vars(result).items() if name != "images"}
    metrics = {
        "images": len(chosen),
        "wrong_images": int((label != predicted).sum()),
        **search_summary(result),
    }
    return {f"search/{name}": array for name, array in arrays.items()}, metrics


def search_summary(result: Counterfactuals) -> dict[str, Any]:
    """Summarise a search; distances are medians over the flipped images."""
    flipped = result.success
    count = int(flipped.sum())
    return {
        "flipped": count,
        "flip_rate": _share(flipped),
        "survives_rounding": int(result.survives_rounding.sum()),
        **{
            f"median_{name}": float(np.median(getattr(result, name)[flipped])) if count else None
            for name in ("l0", "l1", "l2", "linf")
        },
    }


def _attack(
    cell: ExplainedCell, options: CounterfactualOptions, layer: str | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    rows = cell.rows
    chosen = distinct_images(rows, wrong_first=False, limit=options.images)
    images = rows.images[chosen].astype(np.float32) / 255
    attack = fgsm(cell.network, images, options.fgsm_epsilons)
    maps = gradcams(cell.network, images, attack, layer) if layer else {}
    correlations = {
        pair: np.where(attack.flipped, rank_correlation(maps[first], maps[second]), np.nan).astype(
            np.float32
        )
        for pair, (first, second) in COMPARED.items()
        if maps
    }
    arrays = (
        {
            "image_index": rows.image_index[chosen],
            "label": rows.label[chosen],
            "original": rows.images[chosen],
            "changed": attack.images,
        }
        | {name: value for name, value in vars(attack).items() if name != "images"}
        | {f"gradcam/{name}": values for name, values in maps.items()}
        | {f"correlation/{pair}": values for pair, values in correlations.items()}
    )
    metrics = attack_summary(attack, rows.label[chosen]) | {
        "map_correlation": {pair: _known(values) for pair, values in correlations.items()}
    }
    return {f"attack/{name}": array for name, array in arrays.items()}, metrics


def attack_summary(attack: Attack, labels: np.ndarray) -> dict[str, Any]:
    """Summarise an attack.

    Returns:
        accuracy and flip_rate by epsilon: the share of the images whose true class is predicted,
        and of those that are not predicted as they were; median_epsilon over the flipped images.
    """
    flipped = attack.flipped
    names = [f"{epsilon:g}" for epsilon in attack.epsilons]
    right = attack.predicted == labels[:, None]
    moved = attack.predicted != attack.before[:, None]
    return {
        "images": len(labels),
        "flipped": int(flipped.sum()),
        "median_epsilon": float(np.median(attack.epsilon[flipped])) if flipped.any() else None,
        "accuracy": {name: _share(right[:, i]) for i, name in enumerate(names)},
        "flip_rate": {name: _share(moved[:, i]) for i, name in enumerate(names)},
    }


def figure(arrays: dict[str, np.ndarray]) -> "Figure | None":
    """Draw up to 8 images of the search, evenly spread: the image, the change, what it becomes.

    The change is red where a pixel became brighter, blue where darker, white where it stayed, each
    on its own scale, which is written below it in pixels' units (of [0, 1]); of colours the channel
    that changed most.

    Args:
        arrays: as this module describes them.

    Returns:
        None where there is nothing to draw.
    """
    names, rows = drawable(arrays["class_names"]), []
    for row in spread(len(arrays["search/target"])):
        original = arrays["search/original"][row].astype(np.float32) / 255
        changed, target = arrays["search/changed"][row], names[arrays["search/target"][row]]
        largest = np.abs(changed - original).argmax(axis=-1)[..., None]
        change = np.take_along_axis(changed - original, largest, axis=-1)[..., 0]
        peak = float(np.abs(change).max())
        sure = f"{arrays['search/confidence'][row]:.0%}"
        titles = (
            names[arrays["search/predicted"][row]],
            f"{arrays['search/l0'][row]} pixels, to ±{peak:.2f}",
            f"{target}, {sure if arrays['search/success'][row] else 'not found'}",
        )
        rows.append(
            Row("", (of_image(original), of_values(change, peak), of_image(changed)), titles)
        )
    return picture(rows, 1.7)


def _share(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _known(values: np.ndarray) -> dict[str, Any]:
    """Return the mean of those that are a number, and how many they are."""
    known = values[np.isfinite(values)]
    return {"mean": float(known.mean()) if len(known) else None, "rows": len(known)}
