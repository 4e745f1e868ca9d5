"""tf-keras-vis, SHAP and LIME on TensorFlow, in the project's environment: a side of the bench.

They get the same kernels and threads as the project. LIME and PartitionSHAP ask for logits only:
once as they come (`model.predict`, batches of 10), once as fast as they go (a compiled function).
"""

import argparse
from functools import cache
from pathlib import Path

import numpy as np

from bench.explaining import agnostic, exchange, turns
from bench.explaining.settings import Settings
from stages import params, runtime


class Peers:
    """The libraries, ready for one network."""

    def __init__(self, folder: Path, cell: str) -> None:
        study = params.load()
        runtime.configure(study.threads, study.seed)
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # SHAP's own retracing is known
        from stages.models.assembly import build_model

        _, _, self.inputs = exchange.read(folder)
        self.settings = Settings.read(folder)
        shape, classes = self.inputs.images.shape[1:], self.inputs.logits.shape[1]
        self.model = build_model(study, cell, shape, classes)
        self.model.load_weights(folder / "network.weights.h5")
        self.forward = tf.function(
            lambda images: self.model(images, training=False), reduce_retracing=True
        )
        exchange.require_same("Keras", self.logits(self.inputs.images), self.inputs)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return float32 (n, classes) of float32 (n, height, width, channels)."""
        import tensorflow as tf

        return self.forward(tf.constant(images)).numpy()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the same in the way that most examples show."""
        return self.model.predict(images, verbose=0)

    def offers(self, method: str) -> turns.Offers:
        """Return what the libraries have for a method."""
        own = {
            "saliency": self.saliency,
            "smoothgrad": lambda: self.saliency(self.settings.samples, self.settings.noise),
            "gradcam": self.gradcam,
            "lime": lambda: self._agnostic("lime", agnostic.lime_ways),
            "gradient_shap": self.gradient_shap,
            "deep_shap": self.deep_shap,
            "partition_shap": lambda: self._agnostic("shap", agnostic.partition_ways),
        }
        return own[method]() if method in own else {}

    def saliency(self, samples: int = 0, noise: float = 0.0) -> turns.Offers:
        from tf_keras_vis.saliency import Saliency

        method = Saliency(self.model, clone=False)

        def explain(count: int) -> None:
            method(
                self._score(count),
                self.inputs.images[:count],
                smooth_samples=samples,
                smooth_noise=noise,
                normalize_map=False,
            )

        return {"tf-keras-vis": {"": explain}}

    def gradcam(self) -> turns.Offers:
        from tf_keras_vis.gradcam import Gradcam

        method = Gradcam(self.model, clone=False)

        def explain(count: int) -> None:
            method(
                self._score(count),
                self.inputs.images[:count],
                penultimate_layer=self.inputs.layer,
                seek_penultimate_conv_layer=False,
                normalize_cam=False,
            )

        return {"tf-keras-vis": {"": explain}}

    def gradient_shap(self) -> turns.Offers:
        import shap

        def way(size: int) -> turns.Call:
            method = shap.GradientExplainer(self.model, self.inputs.background, batch_size=size)

            def explain(count: int) -> None:
                method.shap_values(
                    self.inputs.images[:count], nsamples=self.settings.samples, ranked_outputs=1
                )

            return explain

        return {"shap": {f"batches of {size}": way(size) for size in (50, 256)}}

    def deep_shap(self) -> turns.Offers:
        import shap

        # Not made before it is called, since that is where it may fail.
        explainer = cache(lambda: shap.DeepExplainer(self.model, self.inputs.background))

        def explain(count: int) -> None:
            explainer().shap_values(
                self.inputs.images[:count], ranked_outputs=1, check_additivity=False
            )

        return {"shap": {"": explain}}

    def _agnostic(self, library: str, ways) -> turns.Offers:
        return {
            library: ways(self.logits, self.inputs, self.settings),
            f"{library} at defaults": ways(
                self.logits, self.inputs, self.settings, default=self.predict
            ),
        }

    def _score(self, count: int):
        from tf_keras_vis.utils.scores import CategoricalScore

        return CategoricalScore(self.inputs.targets[:count].tolist())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cell", required=True)
    options = parser.parse_args()
    peers = Peers(options.folder, options.cell)
    turns.serve(peers.offers, len(peers.inputs.images))
