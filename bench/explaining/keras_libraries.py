"""tf-keras-vis, SHAP and LIME on TensorFlow, in the project's environment: a side of the bench.

They get the same kernels and threads as the project. Each is there twice: at the project's settings
and as fast as it goes, and at its defaults, as the first example of its documentation has it: no
setting given, `model.predict` where it asks for a function, all classes where it explains all, a
map between 0 and 1. The defaults may be of other work than the project's (GradientSHAP's are 200
samples).
"""

import argparse
import importlib
from functools import cache
from pathlib import Path

import numpy as np

from bench.explaining import agnostic, calls, exchange
from bench.explaining.settings import Settings
from heatproof.config import params
from heatproof.run import runtime

KERAS_VIS = "tf-keras-vis"
AT_DEFAULTS = " at defaults"


class Peers:
    """The libraries, ready for one network."""

    def __init__(self, folder: Path, cell: str) -> None:
        study = params.load()
        runtime.configure(study.threads, study.seed)
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # SHAP's own retracing is known
        from heatproof.models.build import build_model

        _, _, self.inputs = exchange.read(folder)
        self.settings = Settings.read(folder)
        shape, classes = self.inputs.images.shape[1:], self.inputs.logits.shape[1]
        self.model = build_model(study.run(cell), shape, classes)
        self.model.load_weights(folder / "network.weights.h5")
        self.forward = tf.function(
            lambda images: self.model(images, training=False), reduce_retracing=True
        )
        exchange.require_same("Keras", self.logits(self.inputs.images), self.inputs.logits)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return float32 (n, classes) of float32 (n, height, width, channels)."""
        import tensorflow as tf

        return self.forward(tf.constant(images)).numpy()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the same in the way that most examples show."""
        return self.model.predict(images, verbose=0)

    def offers(self, method: str) -> calls.Offers:
        """Return what the libraries have for a method."""
        own = {
            "saliency": self.saliency,
            "smoothgrad": self.smoothgrad,
            "gradcam": lambda: self.class_activation_map("gradcam", "Gradcam"),
            "gradcam_plus_plus": lambda: self.class_activation_map(
                "gradcam_plus_plus", "GradcamPlusPlus"
            ),
            "layercam": lambda: self.class_activation_map("layercam", "Layercam"),
            "lime": self.lime,
            "gradient_shap": self.gradient_shap,
            "deep_shap": self.deep_shap,
            "partition_shap": self.partition_shap,
        }
        return own[method]() if method in own else {}

    def saliency(self) -> calls.Offers:
        """Return tf-keras-vis' saliency; its maps as they are, and as it gives them."""
        return {
            KERAS_VIS: {"": self._saliency(normalize_map=False)},
            f"{KERAS_VIS}{AT_DEFAULTS}": {"no setting": self._saliency()},
        }

    def smoothgrad(self) -> calls.Offers:
        """Return tf-keras-vis' SmoothGrad, which is none at its defaults."""
        options = {
            "smooth_samples": self.settings.samples,
            "smooth_noise": self.settings.noise,
            "normalize_map": False,
        }
        return {KERAS_VIS: {"": self._saliency(**options)}}

    def class_activation_map(self, module: str, kind: str) -> calls.Offers:
        """Return one of tf-keras-vis' maps; at its defaults it finds the layer by itself."""
        library = importlib.import_module(f"tf_keras_vis.{module}")
        method = getattr(library, kind)(self.model, clone=False)

        def way(**options: str | bool) -> calls.Call:
            def explain(count: int) -> None:
                method(self._score(count), self.inputs.images[:count], **options)

            return explain

        ours = way(
            penultimate_layer=self.inputs.layer,
            seek_penultimate_conv_layer=False,
            normalize_cam=False,
        )
        return {KERAS_VIS: {"": ours}, f"{KERAS_VIS}{AT_DEFAULTS}": {"no setting": way()}}

    def lime(self) -> calls.Offers:
        """Return LIME."""
        return {
            "LIME": agnostic.lime_ways(self.logits, self.inputs, self.settings),
            f"LIME{AT_DEFAULTS}": agnostic.lime_at_defaults(self.predict, self.inputs),
        }

    def partition_shap(self) -> calls.Offers:
        """Return SHAP's PartitionExplainer."""
        return {
            "SHAP": agnostic.partition_ways(self.logits, self.inputs, self.settings),
            f"SHAP{AT_DEFAULTS}": agnostic.partition_at_defaults(self.predict, self.inputs),
        }

    def gradient_shap(self) -> calls.Offers:
        """Return SHAP's GradientExplainer."""
        import shap

        def way(size: int) -> calls.Call:
            method = shap.GradientExplainer(self.model, self.inputs.background, batch_size=size)

            def explain(count: int) -> None:
                method.shap_values(
                    self.inputs.images[:count], nsamples=self.settings.samples, ranked_outputs=1
                )

            return explain

        as_it_comes = shap.GradientExplainer(self.model, self.inputs.background)

        def at_defaults(count: int) -> None:
            as_it_comes.shap_values(self.inputs.images[:count])

        return {
            "SHAP": {f"batches of {size}": way(size) for size in (50, 256)},
            f"SHAP{AT_DEFAULTS}": {"no setting": at_defaults},
        }

    def deep_shap(self) -> calls.Offers:
        """Return SHAP's DeepExplainer."""
        import shap

        # Not made before it is called, since that is where it may fail.
        explainer = cache(lambda: shap.DeepExplainer(self.model, self.inputs.background))

        def explain(count: int) -> None:
            explainer().shap_values(
                self.inputs.images[:count], ranked_outputs=1, check_additivity=False
            )

        def at_defaults(count: int) -> None:
            explainer().shap_values(self.inputs.images[:count])

        return {"SHAP": {"": explain}, f"SHAP{AT_DEFAULTS}": {"no setting": at_defaults}}

    def _saliency(self, **options: float | bool) -> calls.Call:
        from tf_keras_vis.saliency import Saliency

        method = Saliency(self.model, clone=False)

        def explain(count: int) -> None:
            method(self._score(count), self.inputs.images[:count], **options)

        return explain

    def _score(self, count: int):
        from tf_keras_vis.utils.scores import CategoricalScore

        return CategoricalScore(self.inputs.targets[:count].tolist())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cell", required=True)
    options = parser.parse_args()
    peers = Peers(options.folder, options.cell)
    calls.serve(peers.offers, len(peers.inputs.images))
