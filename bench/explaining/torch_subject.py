"""What every library on PyTorch explains: the handed-over network, laid out as is fastest here."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bench.explaining import exchange
from bench.explaining.settings import Settings
from bench.explaining.torch_network import Graph

BYTES = 2 * 2**30  # what the activations of one call may take


class Subject:
    """A network with its images, targets and settings.

    graph: gives the logits. images, background: float32 (n, channels, height, width). targets:
    int64 (n,). inputs, settings: as they were handed over.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        """Read a folder that the project's side wrote.

        Raises:
            RuntimeError: the logits are not those of the project.
        """
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
        exchange.require_same("PyTorch", self.logits(self.inputs.images), self.inputs.logits)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return float32 (n, classes) of float32 (n, height, width, channels)."""
        with torch.inference_mode():
            return self.graph(self._laid_out(_tensor(images))).numpy()

    def leaf(self, part: slice) -> torch.Tensor:
        """Return some of the images, as what a gradient is wanted of."""
        return self._laid_out(self.images[part].detach().clone()).requires_grad_()

    def rows(self, an_image: int) -> int:
        """Return how many images of `an_image` copies each fit into one call."""
        return max(1, BYTES // (an_image * 2 * 4 * self.inputs.values))

    def parts(self, count: int, size: int) -> Iterator[slice]:
        """Divide the first `count` images into parts of at most `size`."""
        return (slice(i, min(i + size, count)) for i in range(0, count, size))

    def sizes(self, an_image: int) -> list[int]:
        """Return how many images to try in one call, of `an_image` copies each."""
        return [size for size in (1, 4, 16) if size <= max(1, self.rows(an_image))]

    def _laid_out(self, images: torch.Tensor) -> torch.Tensor:
        return images.contiguous(memory_format=self.layout)

    def _choose_layout(self) -> None:
        """Keep the images' layout with which a forward and backward pass is faster."""
        seconds = {}
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
            seconds[layout] = min(times)
        self.layout = min(seconds, key=seconds.__getitem__)
        self.graph.to(memory_format=self.layout)
        self.images, self.background = map(self._laid_out, (self.images, self.background))


def _tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
