"""The libraries on PyTorch, in the peers' environment: a side of `bench.explain`.

Captum, pytorch-grad-cam, SHAP and LIME. Each is called as its documentation says, with the batch
sizes that suit it: `calls` tries the ways and keeps the fastest. The network's memory layout is
chosen likewise, once.
"""

import argparse
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.explaining import agnostic, calls, captum_library, grad_cam_library
from bench.explaining.torch_subject import Subject


class Peers:
    """The libraries, ready for one network."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.subject = Subject(folder, threads)

    def offers(self, method: str) -> calls.Offers:
        """Return what the libraries have for a method."""
        own = {
            "lime": lambda: self._agnostic("LIME", agnostic.lime_ways),
            "gradient_shap": self.gradient_shap,
            "deep_shap": self.deep_shap,
            "partition_shap": lambda: self._agnostic("SHAP", agnostic.partition_ways),
        }
        return (
            (own[method]() if method in own else {})
            | captum_library.offers(self.subject, method)
            | grad_cam_library.offers(self.subject, method)
        )

    def gradient_shap(self) -> calls.Offers:
        """Return SHAP's GradientExplainer."""
        import shap

        subject = self.subject
        library = shap.GradientExplainer(subject.graph, subject.background, batch_size=256)

        def explain(count: int) -> None:
            library.shap_values(
                subject.images[:count], nsamples=subject.settings.samples, ranked_outputs=1
            )

        return {"SHAP on PyTorch": {"": explain}}

    def deep_shap(self) -> calls.Offers:
        """Return SHAP's DeepExplainer."""
        import shap

        subject = self.subject
        # Not made before it is called, since that is where it may fail.
        explainer = cache(lambda: shap.DeepExplainer(subject.graph, subject.background))

        def explain(count: int) -> None:
            explainer().shap_values(
                subject.images[:count], ranked_outputs=1, check_additivity=False
            )

        return {"SHAP on PyTorch": {"": explain}}

    def _agnostic(self, library: str, ways: Callable[..., calls.Ways]) -> calls.Offers:
        subject = self.subject
        return {f"{library} on PyTorch": ways(subject.logits, subject.inputs, subject.settings)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    peers = Peers(options.folder, options.threads)
    calls.serve(peers.offers, len(peers.subject.images))
