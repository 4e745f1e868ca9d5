"""shap (https://github.com/shap/shap): its Gradient-, Deep- and PartitionExplainer, by logit.

Each image is explained by itself, so that what the library draws for it does not depend on its
neighbours; channels are summed, as in all maps here.
"""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np

from heatproof.attribution.core.additivity import additivity_gap
from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries.serving import as_list, served_by, version

PACKAGE = "shap"
# The library keeps the values of every class, channel and pixel of an image, several times over.
_MAX_BYTES = 2**30
_COPIES = 4


def package() -> ModuleType:
    """Import shap, its loops left to Python.

    Compiling them by numba takes 6 s, and they take 0.3 s in two images of 32 pixels a side and
    1.7 s in two of 224 (PartitionExplainer, 500 and 150 evaluations, CPU seconds, one run each).
    """
    with served_by(PACKAGE):
        numba = importlib.import_module("numba")
        # It counts when shap is imported, which happens once.
        numba.config.DISABLE_JIT = True
        return importlib.import_module("shap")


def gradient_shap(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    background: np.ndarray,
    samples: int,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels, by the library's `GradientExplainer`."""

    def explain(shap: ModuleType) -> Callable[[np.ndarray, int], np.ndarray]:
        model = as_list(network.trained)
        explainer = shap.GradientExplainer(model, background, batch_size=network.batch_size)

        def one(image: np.ndarray, target: int) -> np.ndarray:
            values, _ = explainer.shap_values(
                image[None], nsamples=samples, ranked_outputs=np.array([[target]]),
                output_rank_order="custom", rseed=seed % 2**32,
            )  # fmt: skip
            return values[0, ..., 0]

        return one

    return _explained(network, images, targets, background, explain)


def draws(background: int, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the library draws for an image: int64 and float32 (samples,), as ours does.

    See `attribution.shapley.gradient_shap.draws`.
    """
    random = np.random.RandomState(seed % 2**32)
    drawn = [(random.choice(background), random.uniform()) for _ in range(samples)]
    return np.array([start for start, _ in drawn]), np.array(
        [point for _, point in drawn], np.float32
    )


def deep_shap(
    network: Network, images: np.ndarray, targets: np.ndarray, background: np.ndarray
) -> Attribution:
    """Attribute each target logit to pixels, by the library's `DeepExplainer`."""

    def explain(shap: ModuleType) -> Callable[[np.ndarray, int], np.ndarray]:
        explainer = shap.DeepExplainer(as_list(network.trained), background)

        def one(image: np.ndarray, target: int) -> np.ndarray:
            # It explains classes from the likeliest on, and takes no other order.
            logits = network.trained(image[None], training=False).numpy()[0]
            place = int((logits > logits[target]).sum())
            values, ranks = explainer.shap_values(
                image[None], ranked_outputs=place + 1, check_additivity=False
            )
            return values[0, ..., int(np.flatnonzero(ranks[0] == target)[0])]

        return one

    return _explained(network, images, targets, background, explain)


def partition_shap(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    baseline: np.ndarray,
    evaluations: int,
    batch_size: int,
) -> Attribution:
    """Attribute each target logit to pixels, by the library's `PartitionExplainer`.

    Raises:
        UnsupportedNetwork: so many classes, so large an image: it would take too much memory.
    """
    needed = _COPIES * 8 * baseline.size * network.classes
    if needed > _MAX_BYTES:
        raise UnsupportedNetwork(
            f"shap's PartitionExplainer keeps values of all {network.classes} classes, which at "
            f"this size takes {needed / 2**30:.1f} GiB per image; the limit here is "
            f"{_MAX_BYTES / 2**30:.0f} GiB"
        )

    def explain(shap: ModuleType) -> Callable[[np.ndarray, int], np.ndarray]:
        explainer = shap.PartitionExplainer(
            lambda copies: network.logits(copies.astype(np.float32)), shap.maskers.Image(baseline)
        )

        def one(image: np.ndarray, target: int) -> np.ndarray:
            values = explainer(
                image[None], max_evals=evaluations, batch_size=batch_size, silent=True
            ).values
            return values[0, ..., target]

        return one

    return _explained(network, images, targets, baseline[None], explain)


def _explained(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    background: np.ndarray,
    explain: Callable[[ModuleType], Callable[[np.ndarray, int], np.ndarray]],
) -> Attribution:
    """Explain each image by itself; with the gap that the maps' sums leave, measured as ours is."""
    maps = np.zeros(images.shape[:3])
    with served_by(PACKAGE):
        one = explain(package())
        for row, (image, target) in enumerate(zip(images, targets, strict=True)):
            maps[row] = one(image, int(target)).sum(axis=-1)
    maps = maps.astype(np.float32)
    expected = network.logits(background).mean(axis=0, dtype=np.float64)
    difference = network.logits(images)[np.arange(len(images)), targets] - expected[targets]
    numbers = {"additivity_gap": additivity_gap(maps, difference)}
    return Attribution(maps, numbers, engine=version(PACKAGE))
