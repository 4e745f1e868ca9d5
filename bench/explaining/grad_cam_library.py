"""pytorch-grad-cam's methods: class activation maps, and guided backpropagation.

The maps come as the library gives them: each between 0 and 1, in the image's size.
"""

import copy
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch

from bench.explaining import calls
from bench.explaining.torch_subject import Subject

NAME = "pytorch-grad-cam"
MAPS = {"gradcam": "GradCAM", "gradcam_plus_plus": "GradCAMPlusPlus", "layercam": "LayerCAM"}


def offers(subject: Subject, method: str) -> calls.Offers:
    """Return what pytorch-grad-cam has for a method of the bench."""
    try:
        if method in MAPS:
            return {NAME: _map_ways(subject, MAPS[method])}
        return {NAME: _guided_ways(subject)} if method == "guided_backprop" else {}
    except ImportError as error:
        return {NAME: f"is not in this environment: {error}"}


def _map_ways(subject: Subject, kind: str) -> calls.Ways:
    """Return a map as the library makes it, and with the gradient ending at the layer it weighs."""
    library = _library()
    layer = subject.graph.parts[subject.inputs.layer]
    method = getattr(library, kind)(subject.graph, [layer])
    target_of = library.utils.model_targets.ClassifierOutputTarget

    def way(at_layer: bool) -> calls.Call:
        def explain(count: int) -> None:
            targets = [target_of(target) for target in subject.targets[:count].tolist()]
            images = subject.images[:count] if at_layer else subject.leaf(slice(count))
            with _leaf_at(layer) if at_layer else nullcontext():
                method(images, targets)

        return explain

    return {"gradients to the image": way(False), "gradients to the layer": way(True)}


def _guided_ways(subject: Subject) -> calls.Ways | str:
    if subject.graph.has(torch.nn.ReLU6):
        return "knows no ReLU6: what it gives there is the plain gradient"
    # It puts one module in all ReLUs' places, which other libraries cannot work with: not in ours.
    method = _library().GuidedBackpropReLUModel(copy.deepcopy(subject.graph))

    def explain(count: int) -> None:
        for index in range(count):  # it takes one image at a time
            image = subject.leaf(slice(index, index + 1))
            method(image, int(subject.targets[index])).sum(-1)

    return {"": explain}


def _leaf_at(layer: torch.nn.Module) -> AbstractContextManager[Any]:
    """Have gradients end at a layer's output, before the library looks at it."""
    return layer.register_forward_hook(
        lambda module, inputs, output: output.detach().requires_grad_(), prepend=True
    )


def _library() -> Any:
    """Import pytorch_grad_cam, though torchvision may have been built for another PyTorch.

    A torchvision for GPUs does not load its own operators beside a PyTorch for CPUs, and then fails
    when it describes two of them, which nothing here uses: it is told that they exist.
    """
    try:
        import pytorch_grad_cam
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        _declared_operators()
        import pytorch_grad_cam
    return pytorch_grad_cam


@cache  # what it returns takes the declarations with it when it goes
def _declared_operators() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
