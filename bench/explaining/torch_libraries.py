"""Captum, SHAP and LIME on PyTorch, in the peers' environment: a side of `bench.explain`.

Each library is called as its documentation says, with the batch sizes that suit it: `turns` tries
the ways and keeps the fastest. The network's memory layout is chosen likewise, once.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch

from bench.explaining import agnostic, exchange, turns
from bench.explaining.settings import Settings
from bench.explaining.torch_network import Graph

BYTES = 2 * 2**30  # what the activations of one call may take


class Peers:
    """The libraries, ready for one network."""

    def __init__(self, folder: Path, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        layers, weights, self.inputs = exchange.read(folder)
        self.settings = Settings.read(folder)
        self.graph = Graph(layers, weights)
        for parameter in self.graph.parameters():
            parameter.requires_grad_(False)  # only the image's gradient is wanted
        self.images = _tensor(self.inputs.images)
        self.background = _tensor(self.inputs.background)
        self.targets = torch.from_numpy(self.inputs.targets)
        self._choose_layout()
        exchange.require_same("PyTorch", self.logits(self.inputs.images), self.inputs)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return float32 (n, classes) of float32 (n, height, width, channels)."""
        with torch.inference_mode():
            return self.graph(self._laid_out(_tensor(images))).numpy()

    def rows(self, an_image: int) -> int:
        """Return how many images of `an_image` copies each fit into one call."""
        return max(1, BYTES // (an_image * 2 * 4 * self.inputs.values))

    def parts(self, count: int, size: int) -> Iterator[slice]:
        """Divide the first `count` images into parts of at most `size`."""
        return (slice(i, min(i + size, count)) for i in range(0, count, size))

    def sizes(self, an_image: int) -> list[int]:
        """Return how many images to try in one call, of `an_image` copies each."""
        return [size for size in (1, 4, 16) if size <= max(1, self.rows(an_image))]

    def offers(self, method: str) -> turns.Offers:
        """Return what the libraries have for a method."""
        return {
            "saliency": self.saliency,
            "smoothgrad": self.smoothgrad,
            "integrated_gradients": self.integrated_gradients,
            "gradcam": self.gradcam,
            "occlusion": self.occlusion,
            "lime": self.lime,
            "gradient_shap": self.gradient_shap,
            "deep_shap": self.deep_shap,
            "partition_shap": self.partition_shap,
        }[method]()

    def saliency(self) -> turns.Offers:
        from captum.attr import Saliency

        method = Saliency(self.graph)

        def explain(count: int) -> None:
            method.attribute(self._leaf(slice(count)), self.targets[:count]).amax(1).numpy()

        return {"captum": {"": explain}}

    def smoothgrad(self) -> turns.Offers:
        from captum.attr import NoiseTunnel, Saliency

        method, samples = NoiseTunnel(Saliency(self.graph)), self.settings.samples

        def way(copies: int, size: int) -> turns.Call:
            def explain(count: int) -> None:
                for part in self.parts(count, size):
                    method.attribute(
                        self._leaf(part),
                        nt_type="smoothgrad",
                        nt_samples=samples,
                        nt_samples_batch_size=copies,
                        stdevs=self.settings.noise,
                        target=self.targets[part],
                        abs=False,
                    ).abs().amax(1).numpy()

            return explain

        return {
            "captum": {
                f"{copies} copies of {n}": way(copies, n) for copies, n in self._split(samples)
            }
        }

    def integrated_gradients(self) -> turns.Offers:
        from captum.attr import IntegratedGradients

        method, steps = IntegratedGradients(self.graph), self.settings.samples

        def way(rows: int | None) -> turns.Call:
            def explain(count: int) -> None:
                method.attribute(
                    self._leaf(slice(count)),
                    target=self.targets[:count],
                    n_steps=steps,
                    internal_batch_size=rows,
                ).sum(1).detach().numpy()

            return explain

        most = self.rows(1)
        return {
            "captum": {f"{n} rows": way(n) for n in (32, 64, 128, 256) if n <= most}
            | ({"all at once": way(None)} if most >= 16 * steps else {})
        }

    def gradcam(self) -> turns.Offers:
        from captum.attr import LayerAttribution, LayerGradCam

        method = LayerGradCam(self.graph, self.graph.parts[self.inputs.layer])
        size = tuple(self.inputs.images.shape[1:3])

        def explain(count: int) -> None:
            maps = method.attribute(
                self._leaf(slice(count)), self.targets[:count], relu_attributions=True
            )
            LayerAttribution.interpolate(maps, size, "bilinear").detach().numpy()

        return {"captum": {"": explain}}

    def occlusion(self) -> turns.Offers:
        from captum.attr import Occlusion

        method, side, stride = Occlusion(self.graph), self.settings.window, self.settings.stride
        channels = self.images.shape[1]

        def way(windows: int, size: int) -> turns.Call:
            def explain(count: int) -> None:
                with torch.inference_mode():
                    for part in self.parts(count, size):
                        method.attribute(
                            self.images[part],
                            (channels, side, side),
                            strides=(channels, stride, stride),
                            target=self.targets[part],
                            perturbations_per_eval=windows,
                        ).sum(1).numpy()

            return explain

        choices = [(16, 16), (64, 4), (256, 1)]
        return {"captum": {f"{w} windows of {n}": way(w, n) for w, n in choices}}

    def lime(self) -> turns.Offers:
        from captum._utils.models.linear_model import SkLearnRidge
        from captum.attr import Lime

        method = Lime(self.graph, SkLearnRidge(alpha=1.0))

        def way(rows: int) -> turns.Call:
            def explain(count: int) -> None:
                with torch.inference_mode():
                    for index in range(count):
                        segments = agnostic.segments(self.inputs.images[index], self.settings)
                        method.attribute(
                            self.images[index : index + 1],
                            target=self.targets[index],
                            feature_mask=torch.from_numpy(segments)[None, None],
                            n_samples=self.settings.perturbed,
                            perturbations_per_eval=rows,
                        ).sum(1).numpy()

            return explain

        captum = {f"{n} rows": way(n) for n in (128, 256, 1000)}
        return {"captum": captum} | self._agnostic("lime", agnostic.lime_ways)

    def gradient_shap(self) -> turns.Offers:
        import shap
        from captum.attr import GradientShap

        method, samples = GradientShap(self.graph), self.settings.samples
        library = shap.GradientExplainer(self.graph, self.background, batch_size=256)

        def way(size: int) -> turns.Call:
            def explain(count: int) -> None:
                for part in self.parts(count, size):
                    method.attribute(
                        self._leaf(part),
                        self.background,
                        n_samples=samples,
                        target=self.targets[part],
                    ).sum(1).detach().numpy()

            return explain

        def explain(count: int) -> None:
            library.shap_values(self.images[:count], nsamples=samples, ranked_outputs=1)

        return {
            "captum": {f"{n} images": way(n) for n in self.sizes(samples)},
            "shap on PyTorch": {"": explain},
        }

    def deep_shap(self) -> turns.Offers:
        import shap
        from captum.attr import DeepLiftShap

        method = DeepLiftShap(self.graph)
        explainer = cache(lambda: shap.DeepExplainer(self.graph, self.background))

        def way(size: int) -> turns.Call:
            def explain(count: int) -> None:
                for part in self.parts(count, size):
                    method.attribute(self._leaf(part), self.background, self.targets[part]).sum(
                        1
                    ).detach().numpy()

            return explain

        def explain(count: int) -> None:
            explainer().shap_values(self.images[:count], ranked_outputs=1, check_additivity=False)

        return {
            "shap on PyTorch": {"": explain},
            "captum": {f"{n} images": way(n) for n in self.sizes(2 * len(self.background))},
        }

    def partition_shap(self) -> turns.Offers:
        return self._agnostic("shap", agnostic.partition_ways)

    def _agnostic(self, library: str, ways: Callable[..., dict[str, turns.Call]]) -> turns.Offers:
        return {f"{library} on PyTorch": ways(self.logits, self.inputs, self.settings)}

    def _split(self, samples: int) -> list[tuple[int, int]]:
        """Return (copies in one call, images in one call) to try."""
        most = self.rows(1)
        choices = [(1, 16), (5, 16), (10, 16), (samples, 16), (samples, 4), (samples, 1)]
        return [(copies, n) for copies, n in choices if copies * n <= most]

    def _leaf(self, part: slice) -> torch.Tensor:
        return self._laid_out(self.images[part].detach().clone()).requires_grad_()

    def _laid_out(self, images: torch.Tensor) -> torch.Tensor:
        return images.contiguous(memory_format=self.layout)

    def _choose_layout(self) -> None:
        """Keep the images' layout with which a forward and backward pass is faster."""
        found = {}
        batch = self.images.repeat(4, 1, 1, 1)
        for layout in (torch.contiguous_format, torch.channels_last):
            self.layout = layout
            self.graph.to(memory_format=layout)
            times = []
            for _ in range(4):
                images = self._laid_out(batch.clone()).requires_grad_()
                started = time.perf_counter()
                torch.autograd.grad(self.graph(images).sum(), images)
                times.append(time.perf_counter() - started)
            found[layout] = min(times)
        self.layout = min(found, key=found.__getitem__)
        self.graph.to(memory_format=self.layout)
        self.images, self.background = map(self._laid_out, (self.images, self.background))


def _tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    peers = Peers(options.folder, options.threads)
    turns.serve(peers.offers, len(peers.inputs.images))
