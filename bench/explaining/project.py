"""The project's own methods, and the bare passes they need: a side of the bench.

It starts first: it makes the network with fresh weights and the images, and hands them to the
others.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.explaining import calls, exchange
from bench.explaining.settings import Settings
from bench.models import CLASSES, SHAPES
from bench.results import PROJECT
from heatproof.attribution import registry
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.sizes import resolved
from heatproof.config import params
from heatproof.run import runtime

PASSES = "bare passes"

LONGEST = 1.0  # seconds of bare passes at a time; the rest is multiplied


@dataclass(frozen=True)
class Compared:
    """What a method takes, to be compared with.

    passes: the kind of pass it needs. number: (settings, windows per image) -> how many per image.
    counts: settings -> the options that the bench sets. name: the project's, where it differs.
    """

    passes: str
    number: Callable[[Settings, int], int] = lambda settings, windows: 1
    counts: Callable[[Settings], dict[str, int]] = lambda settings: {}
    name: str = ""


def _samples(settings: Settings, windows: int) -> int:
    return settings.samples


# By the bench's name: those that other libraries have too.
METHODS = {
    "saliency": Compared("gradient"),
    "smoothgrad": Compared("gradient", _samples, lambda s: {"samples": s.samples}),
    "integrated_gradients": Compared(
        "gradient",
        _samples,
        lambda s: {"steps": s.samples, "max_steps": s.samples},
        "integrated_gradients_black",
    ),
    "gradcam": Compared("feature gradient"),
    "gradcam_plus_plus": Compared("feature gradient"),
    "layercam": Compared("feature gradient"),
    "guided_backprop": Compared("gradient"),
    "occlusion": Compared("forward", lambda s, windows: windows + 1),
    "lime": Compared(
        "forward",
        lambda s, windows: s.perturbed,
        lambda s: {"samples": s.perturbed, "stability_images": 0},
    ),
    "gradient_shap": Compared(
        "gradient", _samples, lambda s: {"background": s.samples, "samples": s.samples}
    ),
    "partition_shap": Compared(
        "forward",
        lambda s, windows: s.evaluations,
        lambda s: {"background": s.samples, "evaluations": s.evaluations},
    ),
    # The last: where SHAP's own fails, it leaves TensorFlow's gradients changed in its process.
    "deep_shap": Compared("gradient", _samples, lambda s: {"background": s.samples}),
}


def passes_of(method: str, settings: Settings, size: tuple[int, int]) -> tuple[str, int]:
    """Return which pass a method needs and how many per image.

    Args:
        method: one of METHODS.
        settings: the sample counts.
        size: the images' height and width.
    """
    windows = math.prod(-(-(side - settings.window) // settings.stride) + 1 for side in size)
    return METHODS[method].passes, METHODS[method].number(settings, windows)


def images_of(count: int, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Return random images with patches, which superpixels can follow: uint8 (count, *shape)."""
    generator = np.random.default_rng(seed)
    height, width, channels = shape
    patches = generator.integers(0, 200, (count, -(-height // 4), -(-width // 4), channels))
    large = patches.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return (large + generator.integers(0, 56, (count, *shape))).astype(np.uint8)


class Project:
    """The methods, ready for one network."""

    def __init__(self, folder: Path, cell: str, count: int, folded: bool) -> None:
        self.study = params.load()
        runtime.configure(self.study.threads, self.study.seed)
        from heatproof.attribution.core.feature_maps import feature_layer
        from heatproof.attribution.core.network import Network
        from heatproof.models.build import build_model

        shape = SHAPES[self.study.cell(cell).dataset]
        self.size = shape[:2]
        model = build_model(self.study.run(cell), shape, CLASSES)
        disturb(model, self.study.seed)
        self.network = Network(model)
        smoothgrad, occlusion, lime, gradcam = (
            self._options(name) for name in ("smoothgrad", "occlusion", "lime", "gradcam")
        )
        self.layer = feature_layer(self.network.model, gradcam.layer)
        self.settings = Settings(
            noise=smoothgrad.noise,
            window=occlusion.size,
            stride=occlusion.stride,
            segments=lime.segments,
            compactness=lime.compactness,
        )
        training = images_of(self.settings.samples, shape, seed=1)
        self.context = Context(training, self.study.seed)
        self.images = images_of(count, shape, seed=2).astype(np.float32) / 255
        logits = self.network.logits(self.images)
        self.targets = logits.argmax(axis=1)
        theirs = self.network.model if folded else model
        model.save_weights(folder / "network.weights.h5")
        self.settings.write(folder)
        exchange.write(
            folder,
            exchange.layers_of(theirs),
            exchange.weights_of(theirs),
            exchange.Inputs(
                images=self.images,
                targets=self.targets,
                background=training.astype(np.float32) / 255,
                logits=logits,
                layer=self.layer,
                values=sum(math.prod(layer.output.shape[1:]) for layer in model.layers),
            ),
        )

    def offers(self, method: str) -> calls.Offers:
        """Return the project's method and its bare passes."""
        return {PROJECT: self._ours(method), PASSES: self._passes(method)}

    def _options(self, name: str) -> Any:
        """Return a method's options in the study, or its own where the study does not list it."""
        options = self.study.explain.methods.get(name) or registry.methods()[name].options()
        return resolved(options, self.size)

    def _ours(self, method: str) -> dict[str, calls.Call]:
        """Return the method with the bench's counts, and nothing done but explaining."""
        compared = METHODS[method]
        name = compared.name or method
        options = self._options(name).model_copy(update=compared.counts(self.settings))
        explain_images = registry.methods()[name].with_options(options, self.context)

        def explain(count: int) -> None:
            explain_images(self.network, self.images[:count], self.targets[:count])

        return {"": explain}

    def _passes(self, method: str) -> dict[str, calls.Call]:
        """Return the passes in batches of some sizes, none larger than the images have use for."""
        import tensorflow as tf

        kind, number = passes_of(method, self.settings, self.images.shape[1:3])
        function = {
            "forward": lambda batch, targets: self.network.model(batch, training=False),
            "gradient": self.network.gradients_of,
            "feature gradient": self._feature_gradients(),
        }[kind]
        compiled = tf.function(function, reduce_retracing=True, jit_compile=False)

        def way(size: int) -> calls.Call:
            copies = np.resize(np.arange(len(self.images)), size)
            batch, targets = tf.constant(self.images[copies]), tf.constant(self.targets[copies])

            def explain(count: int) -> float:
                wanted, done, started = number * count, 0, time.perf_counter()
                elapsed = 0.0
                while done < wanted and elapsed < LONGEST:
                    tf.nest.map_structure(lambda tensor: tensor.numpy(), compiled(batch, targets))
                    done += size
                    elapsed = time.perf_counter() - started
                return elapsed * wanted / done

            return explain

        most = min(self.network.batch_size, number * len(self.images))
        sizes = {min(size, most) for size in (16, 64, 128, 256, 512)}
        return {f"batches of {size}": way(size) for size in sorted(sizes)}

    def _feature_gradients(self):
        import keras
        import tensorflow as tf

        from heatproof.attribution.core.network import target_scores

        model = self.network.model
        pair = keras.Model(model.input, [model.get_layer(self.layer).output, model.output])

        def function(batch, targets):
            with tf.GradientTape() as tape:
                features, logits = pair(batch, training=False)
                score = target_scores(logits, targets)
            return features, tape.gradient(score, features)

        return function


def disturb(model, seed: int) -> None:
    """Give the biases and batch normalisations numbers, so that no mistake in them goes unseen."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.name in ("beta", "bias", "moving_mean"):
            variable.assign(generator.normal(0, 0.1, variable.shape))
        elif variable.name in ("gamma", "moving_variance"):
            variable.assign(generator.uniform(0.5, 1.5, variable.shape))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cell", required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--folded", action="store_true")
    options = parser.parse_args()
    project = Project(options.folder, options.cell, options.images, options.folded)
    calls.serve(project.offers, options.images)
