"""All measures of one network's maps, taken together: tables of per-image values."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.trust.controls import controls
from heatproof.trust.entropy import entropy_rise
from heatproof.trust.faithfulness import faithfulness
from heatproof.trust.infidelity import infidelity
from heatproof.trust.localisation import localisation
from heatproof.trust.options import Options
from heatproof.trust.perturbation import Predict
from heatproof.trust.randomisation import Maps, Step, cascade, independent, similarities, smooth
from heatproof.trust.robustness import noise_sensitivity, shift_sensitivity
from heatproof.trust.simplicity import simplicity

if TYPE_CHECKING:
    import keras

# measure -> method or control -> float64 (rows,): all rows, or the first few of a dear method.
Table = dict[str, dict[str, np.ndarray]]
# Images float32 (n, height, width, channels), targets int64 (n,), and which methods, or all ->
# maps of all images, or of the first.
Explain = Callable[..., Maps]

KEPT_CURVES = ("deletion_probability", "insertion_probability")


@dataclass(frozen=True)
class Subject:
    """The maps under test, and what they are of.

    images: float32 (n, height, width, channels) in [0, 1]. targets: int64 (n,). maps: method or
    control -> float32 (n, height, width). baselines: name -> float32 like images. masks: bool (n,
    height, width), where the evidence is, or None where nobody knows.
    """

    images: np.ndarray
    targets: np.ndarray
    maps: Maps
    baselines: dict[str, np.ndarray]
    masks: np.ndarray | None


def of_maps(
    subject: Subject, predict: Predict, options: Options, seed: int
) -> tuple[Table, dict[str, np.ndarray]]:
    """Measure the maps as they are: faithfulness, simplicity, localisation.

    Returns:
        the table; and mean curves over the images, `<measure>/<baseline>/<method>` -> float32
        (points,), with the `fractions` of pixels at which they were taken.
    """
    table: Table = {}
    images, targets, maps = subject.images, subject.targets, subject.maps
    faithful = faithfulness(
        predict, images, targets, maps, subject.baselines, options.faithfulness.steps, seed
    )
    foretold = infidelity(
        predict,
        images,
        targets,
        maps,
        subject.baselines,
        options.infidelity.samples,
        options.infidelity.noise,
        seed,
    )
    for measured in (faithful.values, foretold):
        for variant, by_method in measured.items():
            for method, numbers in by_method.items():
                for number, values in numbers.items():
                    table.setdefault(f"{number}/{variant}", {})[method] = values
    for method, each in maps.items():
        numbers = simplicity(each)
        if subject.masks is not None:
            numbers |= localisation(each, subject.masks)
        _add(table, method, numbers, ("gini", "entropy_share", "relevance_mass", "relevance_rank",
                                      "pointing_game"))  # fmt: skip
    curves = {
        f"{name}/{baseline}/{method}": _mean(each[name])
        for baseline, by_method in faithful.curves.items()
        for method, each in by_method.items()
        for name in KEPT_CURVES
    }
    return table, curves | {"fractions": faithful.fractions.astype(np.float32)}


def of_weights(
    model: "keras.Model",
    explaining: Callable[["keras.Model"], Explain],
    originals: Maps,
    cheap: list[str],
    subject: Subject,
    options: Options,
    seed: int,
) -> tuple[Table, list[Step], list[Step]]:
    """Measure how maps change when the network forgets what it has learned.

    Args:
        model: the trained network.
        explaining: makes the explaining function of a network with other weights.
        originals: the maps of the trained network, methods' and controls'.
        cheap: the methods that the smooth variant can afford.
        subject: whose images and targets are explained.
        options: assess of params.yaml.
        seed: of the random weights and the noise.

    Returns:
        the table, and the steps of cascading and independent randomisation.
    """
    # Other noise in the control's map for each network, or it would agree with itself.
    seeds = count(seed + 1)

    def explain(changed: "keras.Model") -> Maps:
        return remade(explaining(changed), subject.images, subject.targets, next(seeds))

    def explain_cheaply(changed: "keras.Model") -> Callable[[np.ndarray], Maps]:
        function = explaining(changed)

        def explain_images(images: np.ndarray) -> Maps:
            return function(images, subject.targets, cheap)

        return explain_images

    steps = options.randomisation.steps
    top_down = cascade(model, originals, explain, seed, steps)
    one_by_one = independent(model, originals, explain, seed, steps)
    table: Table = {}
    for method, values in top_down[-1].similarity.items():
        _add(table, method, {f"randomised_{name}": each for name, each in values.items()})
        alone = [step.similarity[method] for step in one_by_one]
        _add(
            table,
            method,
            {f"independent_{name}": np.mean([each[name] for each in alone], 0) for name in values},
        )
        forgotten = top_down[-1].maps[method]
        before = originals[method][: len(forgotten)]
        _add(table, method, entropy_rise(before, forgotten), ("entropy_rise",))
    smoothed = smooth(
        model,
        subject.images,
        explain_cheaply,
        options.randomisation.smooth_samples,
        options.randomisation.smooth_noise,
        seed,
    )
    for method, values in smoothed.items():
        _add(table, method, {f"smooth_{name}": each for name, each in values.items()})
    return table, top_down, one_by_one


def of_labels(originals: Maps, explain: Explain, subject: Subject, seed: int) -> Table:
    """Measure how maps change when the labels had no meaning.

    Args:
        originals: the maps of the trained network, methods' and controls' with the same seed.
        explain: the explaining function of the same network trained on shuffled labels.
        subject: whose images and targets are explained.
        seed: of the noise.
    """
    table: Table = {}
    again = remade(explain, subject.images, subject.targets, seed + 1)
    for method, values in similarities(originals, again).items():
        _add(table, method, {f"shuffled_{name}": each for name, each in values.items()})
    return table


def remade(explain: Explain, images: np.ndarray, targets: np.ndarray, seed: int) -> Maps:
    """Explain images as the measures of changes do: maps of all methods and controls."""
    return explain(images, targets) | controls(images, seed)


def of_images(
    explain: Explain, originals: Maps, subject: Subject, options: Options, seed: int
) -> Table:
    """Measure how maps change when the image hardly does: under noise, and under a shift.

    `originals` are the maps of the images as they are, by the same methods with the same seed.
    """
    again = partial(remade, explain, seed=seed)
    images, targets = subject.images, subject.targets
    radius, samples = options.robustness.radius, options.robustness.samples
    table: Table = {}
    for measured in (
        noise_sensitivity(again, images, targets, originals, radius, samples, seed),
        shift_sensitivity(again, images, targets, originals),
    ):
        for method, numbers in measured.items():
            _add(table, method, numbers)
    return table


def _add(
    table: Table, method: str, numbers: dict[str, Any], wanted: tuple[str, ...] | None = None
) -> None:
    for name, values in numbers.items():
        if wanted is None or name in wanted:
            table.setdefault(name, {})[method] = values


def _mean(curves: np.ndarray) -> np.ndarray:
    """Average curves (n, points) over the images that have one; NaN where none has."""
    known = curves[~np.isnan(curves).any(axis=1)]
    if not len(known):
        return np.full(curves.shape[1], np.nan, np.float32)
    return known.mean(axis=0).astype(np.float32)
