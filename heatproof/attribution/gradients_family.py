"""The family of methods that need a gradient, a feature map or many forward passes."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from heatproof.attribution.cam.gradcam import gradcam
from heatproof.attribution.cam.gradcam_plus_plus import gradcam_plus_plus
from heatproof.attribution.cam.layercam import layercam
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.method import Context, Family
from heatproof.attribution.gradients.gradient_times_input import gradient_times_input
from heatproof.attribution.gradients.guided_backprop import guided_backprop
from heatproof.attribution.gradients.integrated_gradients import integrated_gradients
from heatproof.attribution.gradients.saliency import saliency
from heatproof.attribution.gradients.smoothgrad import smoothgrad
from heatproof.attribution.gradients.vargrad import vargrad
from heatproof.attribution.perturbation.occlusion import occlusion
from heatproof.attribution.perturbation.rise import rise
from heatproof.attribution.propagation.lrp import lrp_alpha_beta, lrp_epsilon
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network

Count = Annotated[int, Field(ge=1, le=100_000)]


class Noise(Block):
    """SmoothGrad's and VarGrad's: how many noisy copies, and the noise's standard deviation."""

    samples: Annotated[int, Field(ge=2, le=100_000)]
    noise: Annotated[float, Field(gt=0, le=1)]


class Path(Block):
    """Integrated Gradients': steps at first, doubled until the tolerance holds or the most.

    blur: how widely the image is blurred to begin from, as a share of its side.
    """

    steps: Count
    most_steps: Count
    tolerance: Annotated[float, Field(gt=0, le=1)]
    blur: Annotated[float, Field(gt=0, le=10)]

    @model_validator(mode="after")
    def _in_order(self) -> "Path":
        if self.most_steps < self.steps:
            raise ValueError(f"most_steps {self.most_steps} is less than steps {self.steps}")
        return self


class Relevance(Block):
    """LRP's: epsilon as a share of the root mean square of a layer's outputs; alpha (beta is
    alpha - 1)."""

    epsilon: Annotated[float, Field(gt=0, le=1)]
    alpha: Annotated[float, Field(ge=1, le=10)]


class Window(Block):
    """Occlusion's: a square of `size` pixels, moved by `stride`."""

    size: Annotated[int, Field(ge=1, le=256)]
    stride: Annotated[int, Field(ge=1, le=256)]

    @model_validator(mode="after")
    def _covers(self) -> "Window":
        if self.stride > self.size:
            raise ValueError(
                f"stride {self.stride} is larger than size {self.size}: it skips pixels"
            )
        return self


class Masks(Block):
    """RISE's: how many masks, of how many cells a side, and the chance that a cell is kept."""

    masks: Annotated[int, Field(ge=4, le=100_000)]
    cells: Annotated[int, Field(ge=2, le=64)]
    kept: Annotated[float, Field(gt=0, lt=1)]


class Options(Block):
    """explain.gradients of params.yaml. `layer`: whose maps are weighed, or last_conv."""

    layer: Annotated[str, Field(min_length=1)]
    smoothgrad: Noise
    integrated_gradients: Path
    lrp: Relevance
    occlusion: Window
    rise: Masks


def family(network: "Network", options: Options, context: Context) -> Family:
    """Return the methods for one network, with the layer found.

    Raises:
        UserError: `options.layer` is no feature map of the network.
    """
    layer = feature_layer(network.model, options.layer)
    colour = context.mean_colour
    path = options.integrated_gradients
    starts = {
        "black": partial(constant, colour=0.0),
        "mean": partial(constant, colour=colour),
        "blurred": partial(blurred, width=path.blur),
    }
    return Family(
        methods={
            "gradcam": partial(gradcam, layer=layer),
            "gradcam_plus_plus": partial(gradcam_plus_plus, layer=layer),
            "layercam": partial(layercam, layer=layer),
            "lrp_epsilon": partial(lrp_epsilon, epsilon=options.lrp.epsilon),
            "lrp_alpha_beta": partial(lrp_alpha_beta, alpha=options.lrp.alpha),
            "saliency": saliency,
            "smoothgrad": partial(smoothgrad, **dict(options.smoothgrad), seed=context.seed),
            "vargrad": partial(vargrad, **dict(options.smoothgrad), seed=context.seed),
            "gradient_times_input": gradient_times_input,
            **{
                f"integrated_gradients_{name}": partial(
                    integrated_gradients, baseline=baseline, **path.model_dump(exclude={"blur"})
                )
                for name, baseline in starts.items()
            },
            "guided_backprop": guided_backprop,
            "occlusion": partial(occlusion, **dict(options.occlusion), colour=colour),
            "rise": partial(rise, **dict(options.rise), colour=colour, seed=context.seed),
        },
        facts={"layer": layer},
    )
