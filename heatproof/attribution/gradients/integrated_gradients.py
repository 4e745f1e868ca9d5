"""Integrated Gradients: the gradient on the way from a baseline (Sundararajan et al. 2017).

https://arxiv.org/abs/1703.01365, equation 1; completeness is proposition 1.

The integral is computed by the trapezoidal rule, in steps that are halved until the map hardly
moves. How far it moved at last is its `map_error`, and decides; the error of its sum does not,
since pixels' errors cancel there: over images the two correlate from -0.9 to 1.0, depending on
network and baseline.

A network of ReLUs has a gradient that is constant but for jumps, so every rule's error only halves
with twice as many points. Measured on five trained networks (simple_cnn, baseline_cnn and
mobilenet_v2 on digits, narrow efficient_cnn and resnet18 on cifar10) from three baselines, on 3 to
12 images, against 768 or 1,536 steps:

- The map error is 0.4 to 0.9 times the estimate from 48 steps on, 0.6 times in the middle (with
  jumps anywhere between points one expects 1 / sqrt(3)). At 48 steps it is between 0.8 and 11 %.
- With 48 points, the midpoint rule's is 0.63 to 1.12 times the trapezoidal rule's, 0.96 in the
  middle, Gauss-Legendre's 0.61 to 1.28 times, 1.17 in the middle.

So no rule converges faster, and of the trapezoidal rule the points are among those of twice as
many: the map to compare with costs nothing, and doubling the new points only. Any other rule needs
half as many points again.

To 2 % the three networks on digits take 50 to 800 steps, 190 on average; to 1 % of completeness
they took 50 to 3,200, 270 on average.

Of large images a network that was pretrained needs few steps: efficientnet_lite0 of ImageNet's
weights, trained on for two kinds of insects at 192 pixels, comes to 15 % with 50 in 28 of 28 rows
from black (9.6 % on average), in 27 from each of the other baselines, with 100 in the last. With
random weights its gradients hardly agree from one point to the next: 470 to 660 steps on average,
41 s of CPU per image of 224 pixels for the three baselines, of 48 for all methods of gradients. So
doubling ends at 100 there, and the map's error says what is lacking.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from heatproof.attribution.core.additivity import MIN_DIFFERENCE, additivity_gap
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.copies import gradients_at, slices
from heatproof.attribution.core.method import Attribution, Method, Number, Passes
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network

# Images float32 (n, height, width, channels) in [0, 1] -> their baselines, alike.
Baseline = Callable[[np.ndarray], np.ndarray]

Steps = Annotated[int, Field(ge=2, le=100_000)]


class PathOptions(Block):
    """Options of Integrated Gradients."""

    steps: Annotated[Steps, Field(multiple_of=2), AgainAtMost(20)] = 50
    """Steps at first, an even number; they are doubled until the map’s error is at most
    `tolerance`."""
    max_steps: Annotated[Auto | Steps, by_size(3200, 100)] = AUTO
    """No doubling goes beyond this, or beyond `steps` where these are more."""
    tolerance: Annotated[Auto | Annotated[float, Field(gt=0, le=1)], by_size(0.02, 0.15)] = AUTO
    """The error of a map at which doubling ends."""

    @property
    def last_steps(self) -> int:
        """Where doubling ends: `auto` knows the images' size alone, and not the first steps."""
        return max(self.steps, self.max_steps)

    @model_validator(mode="after")
    def _in_order(self) -> "PathOptions":
        if self.max_steps != AUTO and self.max_steps < self.steps:
            raise ValueError(f"max_steps {self.max_steps} is less than steps {self.steps}")
        return self


class BlurredPathOptions(PathOptions):
    """Options of Integrated Gradients from a blurred image."""

    blur: Annotated[float, Field(gt=0, le=10)] = 0.25
    """How widely the image is blurred to begin from: standard deviation, as a share of its side."""


def integrated_gradients(
    network: "Network",
    images: np.ndarray,
    targets: np.ndarray,
    baseline: Baseline,
    steps: int,
    max_steps: int,
    tolerance: float,
) -> Attribution:
    """Attribute each target logit's difference from the baseline's to pixels.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        baseline: where the way to the image starts.
        steps: intervals that the way is divided into, at first, an even number; doubled for each
            row until its map's error is at most `tolerance`.
        max_steps: they are not doubled beyond this; at least `steps`.
        tolerance: of the map's error.

    Returns:
        maps float32 (n, height, width), signed, in logits: summed over the colour channels.
        numbers: `map_error`, an estimate (see `_change`); `completeness_error`, |the map's sum -
        the logits' difference| as a share of the difference, or of a hundredth of a logit where
        the difference is smaller (see `additivity`); `steps`.
    """
    begin = baseline(images)
    way = images - begin
    rows = np.arange(len(images))
    difference = network.logits(images)[rows, targets] - network.logits(begin)[rows, targets]

    count, missing = steps // 2, rows
    ends = np.ones(count + 1)
    ends[[0, -1]] = 0.5
    sums = _gradient_sums(network, begin, way, targets, np.arange(count + 1) / count, ends)
    maps = _maps(way, sums, count)
    error, taken = np.zeros(len(images)), np.zeros(len(images), np.float32)
    while len(missing) and 2 * count <= max_steps:
        between = (np.arange(count) + 0.5) / count
        sums[missing] += _gradient_sums(
            network, begin[missing], way[missing], targets[missing], between, np.ones(count)
        )
        count *= 2
        finer = _maps(way[missing], sums[missing], count)
        error[missing] = _change(maps[missing], finer)
        maps[missing], taken[missing] = finer, count
        missing = missing[error[missing] > tolerance]
    completeness = additivity_gap(maps, difference)
    return Attribution(
        maps, {"map_error": error, "completeness_error": completeness, "steps": taken}
    )


def _change(coarser: np.ndarray, finer: np.ndarray) -> np.ndarray:
    """Return how far maps moved as the steps were doubled: an estimate of the finer ones' error.

    Returns:
        float64 (n,): the distance's Euclidean norm as a share of the finer map's, or of a hundredth
        of a logit where that is smaller.
    """
    moved, size = (
        np.sqrt(np.square(each, dtype=np.float64).sum(axis=(1, 2)))
        for each in (finer - coarser, finer)
    )
    return moved / np.maximum(size, MIN_DIFFERENCE)


def _maps(way: np.ndarray, sums: np.ndarray, count: int) -> np.ndarray:
    """Turn sums of gradients at the ends of `count` steps into maps: equation 3, by trapezoids."""
    return (way * sums / count).sum(axis=-1).astype(np.float32)


def _gradient_sums(
    network: "Network",
    begin: np.ndarray,
    way: np.ndarray,
    targets: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Sum the weighed gradients at points of the way, 0 its beginning and 1 the image.

    Returns:
        float64 (n, height, width, channels).
    """
    import tensorflow as tf

    def function(at: Any, weighing: Any, start: Any, along: Any, batch_targets: Any) -> Any:
        copies = start[None] + at[:, None, None, None, None] * along[None]
        gradients = gradients_at(network, copies, batch_targets)
        return tf.tensordot(weighing, gradients, axes=1)

    compiled = network.compiled("integrated_gradients", function)
    sums = np.zeros(way.shape)
    for part, size in slices(network, len(points)):
        at, weighing = (tf.constant(values[part], tf.float32) for values in (points, weights))
        sums += network.in_batches(partial(compiled, at, weighing), begin, way, targets, size=size)
    return sums


def _from(baseline: Baseline, options: PathOptions) -> dict[str, Any]:
    """Return what the method is called with."""
    chosen = options.model_dump(include=set(PathOptions.model_fields))
    return {"baseline": baseline, **chosen, "max_steps": options.last_steps}


def _without_doubling(options: PathOptions) -> PathOptions:
    """Of a network with random weights the steps would be doubled to no end."""
    return options.model_copy(update={"max_steps": options.steps})


_BLACK = Method(
    name="integrated_gradients_black",
    label="IG from black",
    family="path",
    needs="gradients",
    shows="Integrated Gradients: what each pixel adds to the class score on the path from a black "
    "image to this one; the map sums to the difference of the two scores, and a black pixel always "
    "gets zero",
    reference="Sundararajan et al. 2017",
    address="arXiv:1703.01365",
    definition="The pixel’s difference from a black image times the logit’s gradient integrated "
    "on the straight line between the two, summed over the colour channels.",
    equation="M = Σ_c (x_c − x′_c) ∫₀¹ ∂S/∂x_c (x′ + t (x − x′)) dt (eq. 1)",
    deviations="The integral is computed by the trapezoidal rule, with twice as many steps until "
    "the map hardly moves; the paper sums 20 to 300 steps.",
    options=PathOptions,
    explain=integrated_gradients,
    arguments=lambda options, context: _from(partial(constant, colour=0.0), options),
    cost="slow",
    # Steps are doubled once, as a rule.
    passes=lambda options, size: Passes(gradients=2 * options.steps),
    numbers={
        "map_error": Number(
            label="map error",
            meaning="how far the map moved, as a share of its size, when the number of points was "
            "last doubled: an estimate of how far it is from the exact one",
            caption="error {:.1%}",
        ),
        "completeness_error": Number(
            label="completeness error",
            meaning="how far the map's sum is from the difference of the scores it must make up, "
            "as a share",
        ),
        "steps": Number(label="steps", meaning="points on the path where the gradient was taken"),
    },
    recomputing=_without_doubling,
    recomputed_alike=False,
)

METHODS = (
    _BLACK,
    replace(
        _BLACK,
        name="integrated_gradients_mean",
        label="IG from mean colour",
        shows="the same from an image of the training data’s mean colour: black pixels can count "
        "too",
        definition="As from black, of the difference from an image of the training data’s mean "
        "colour.",
        deviations="The baseline: the paper begins from black. The trapezoidal rule, as there.",
        arguments=lambda options, context: _from(
            partial(constant, colour=context.mean_colour), options
        ),
    ),
    replace(
        _BLACK,
        name="integrated_gradients_blurred",
        label="IG from a blur",
        shows="the same from a blurred copy of the image: what its fine structure adds",
        definition="As from black, of the difference from a blurred copy of the image.",
        deviations="The baseline: the paper begins from black; the blur is Fong & Vedaldi’s "
        "way to take information away. The trapezoidal rule, as there.",
        reference="Sundararajan et al. 2017; Fong & Vedaldi 2017",
        options=BlurredPathOptions,
        arguments=lambda options, context: _from(partial(blurred, width=options.blur), options),
    ),
)
