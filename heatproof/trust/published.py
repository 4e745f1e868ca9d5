"""The published weight-randomisation table, measured.

Hedström et al. 2024, "Sanity Checks Revisited" (https://arxiv.org/abs/2401.06465): weights of a
small network randomised from the top down, 1,000 test images, Spearman's correlation of the
magnitudes of each map with the trained network's. Each image's score is the mean over the layers,
after each of which the maps are compared, the trained network itself not among them; the last
layer's value, all weights random, stands beside it, since the paper's own code has both.

What is explained is the image's label, as there. On images of one channel the magnitudes of the
gradient and of saliency are the same map, so their scores are equal here; where the paper's differ,
the random weights did. How much they decide is shown by `draws`: the whole test with other weights.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np

from heatproof.attribution.cam.gradcam import gradcam
from heatproof.attribution.core.baselines import constant
from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.integrated_gradients import integrated_gradients
from heatproof.attribution.gradients.noisy_gradients import smoothgrad
from heatproof.attribution.gradients.saliency import saliency
from heatproof.config.params import Params
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.statistics.bootstrap import known_mean, mean_interval
from heatproof.storage import artifacts, paths
from heatproof.storage.images import Images, blocks, selected
from heatproof.trust.random_weights import cascade
from heatproof.trust.similarity import Maps

# Part of the published setting, and so no parameters of the study: its code's noisy samples and
# their noise for SmoothGrad, and its steps of Integrated Gradients.
SMOOTHGRAD = {"samples": 20, "noise": 0.1, "precision": "single"}
PATH_STEPS = 20

# Of images, uint8, whose maps are in memory together: 1,000 small ones, and 27 of 224×224.
BLOCK_BYTES = 2**22

CONTROL = "random"


def published_sanity(study: Params, cell: str) -> None:
    """Randomise a cell's weights in the published setting, and write the metrics.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    options = study.published_sanity
    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    model = trained_network(study.run(cell), shape, classes)
    images = selected(dataset.test_images, slice(options.images))
    labels = dataset.test_labels[: options.images]
    samples = study.assess.bootstrap_samples
    used = {"seed": study.seed, "threads": study.threads, "published_sanity": options}
    with tracking.run("published_sanity", cell, used) as run:
        layers, scores = in_blocks(model, images, labels, options.draws, study.seed)
        methods = {name: summary(each, samples, study.seed) for name, each in scores.items()}
        metrics = {
            "images": len(images),
            "draws": options.draws,
            "layers": layers,
            "methods": methods,
        }
        artifacts.write_metrics("published_sanity", cell, metrics)
        shown = ", ".join(f"{name} {each['mean']:.3f}" for name, each in methods.items())
        print(f"{cell}: mean rank correlation over {len(layers)} layers: {shown}", flush=True)
        run.log_results(metrics, paths.metrics("published_sanity", cell))


def in_blocks(
    model: keras.Model, images: Images, targets: np.ndarray, draws: int, seed: int
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return what `randomised` does of any number of uint8 images, holding maps of a few."""
    layers: list[str] = []
    parts: list[dict[str, np.ndarray]] = []
    first = 0
    for block in blocks(images, BLOCK_BYTES):
        pixels, labels = block.astype(np.float32) / 255, targets[first : first + len(block)]
        layers, scores = randomised(model, pixels, labels, draws, seed, first)
        parts.append(scores)
        first += len(block)
    return layers, {name: np.concatenate([p[name] for p in parts], axis=2) for name in parts[0]}


def randomised(
    model: keras.Model,
    images: np.ndarray,
    targets: np.ndarray,
    draws: int,
    seed: int,
    first: int = 0,
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Compare maps after each layer's randomisation, several times with other random weights.

    Args:
        model: a trained functional network with logits.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        draws: how many times.
        seed: of the first draw; the next has the next number.
        first: which of all images the first one is.

    Returns:
        the layers' names from the logits down; and method -> float64 (draws, layers, n), Spearman's
        correlation of the magnitudes with the trained network's map, NaN where a map is constant.
        The control `random` compares noise with noise.
    """
    network = Network(model)
    explain = explaining(network, images, targets, seed)
    originals = explain(model)
    taken: dict[str, list[np.ndarray]] = {}
    layers: tuple[str, ...] = ()
    for draw in range(draws):
        # The control's maps are noise, other noise for each network and each image: of one and the
        # same for all images there would be one value, and no interval.
        random = np.random.default_rng([seed, draw, first] if first else [seed, draw])
        noise = random.random(images.shape[:3])

        def explain_with_noise(changed: keras.Model, random=random) -> Maps:
            return explain(changed) | {CONTROL: random.random(images.shape[:3])}

        steps = cascade(
            model, originals | {CONTROL: noise}, explain_with_noise, seed + draw, steps=None
        )
        layers = steps[-1].layers
        for method in (*originals, CONTROL):
            values = np.stack([step.similarity[method]["spearman"] for step in steps])
            taken.setdefault(method, []).append(values)
    return list(layers), {method: np.stack(values) for method, values in taken.items()}


def explaining(
    network: Network, images: np.ndarray, targets: np.ndarray, seed: int
) -> Callable[[keras.Model], Maps]:
    """Return the function that explains the images by the published methods for any weights.

    Args:
        network: of the same layers as the models that the function will be given.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        seed: of SmoothGrad's noise.
    """
    path = {"steps": PATH_STEPS, "max_steps": PATH_STEPS, "tolerance": 1.0}
    methods = {
        "saliency": saliency,
        "gradcam": partial(gradcam, layer=feature_layer(network.model)),
        "smoothgrad": partial(smoothgrad, **SMOOTHGRAD, seed=seed),
        "integrated_gradients_black": partial(
            integrated_gradients, baseline=partial(constant, colour=0.0), **path
        ),
    }

    def explain(changed: keras.Model) -> Maps:
        network.load(changed)
        with network.sharing():
            maps = {"gradient": network.score_gradients(images, targets).sum(axis=-1)}
            for name, each in methods.items():
                maps[name] = each(network, images, targets).maps
        return maps

    return explain


def summary(scores: np.ndarray, samples: int, seed: int) -> dict[str, Any]:
    """Give the mean score, its 95 % interval over the images, and what it is made of.

    Args:
        scores: float (draws, layers, n), NaN where a map is constant.
        samples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        `mean`, `low`, `high` of the images' means over layers and draws; `last`, `last_low`,
        `last_high`, the same of the last layer alone; `per_layer`, the mean after each layer;
        `per_draw`, the mean of each draw, and `last_per_draw`; `constant_maps`, how many of all
        comparisons had none. What is unknown is NaN.
    """
    last = scores[:, -1:]
    mean, low, high = mean_interval(_of_images(scores), samples, seed)
    last_mean, last_low, last_high = mean_interval(_of_images(last), samples, seed)
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "last": last_mean,
        "last_low": last_low,
        "last_high": last_high,
        "per_layer": [known_mean(scores[:, layer]) for layer in range(scores.shape[1])],
        "per_draw": [known_mean(each) for each in scores],
        "last_per_draw": [known_mean(each) for each in last],
        "constant_maps": int(np.isnan(scores).sum()),
    }


def _of_images(scores: np.ndarray) -> np.ndarray:
    """Return each image's mean over all but the last axis; NaN for those that have none."""
    return np.array([known_mean(row) for row in scores.reshape(-1, scores.shape[-1]).T])
