"""What is checked: of each method our side, the library's, and why their definitions differ."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.libraries import lime_package, shap_package, tf_keras_vis
from heatproof.attribution.libraries.serving import load
from heatproof.config.params import Params
from heatproof.crosscheck import definitions
from heatproof.crosscheck.subject import Side, Subject, library, own

Draw = Callable[[Subject, int], np.ndarray]  # one map of each row, from a seed

FIGURES = "figures"
FIGURES_LIBRARY = "scikit-learn"
MAXIMISATION = "activation_maximisation"


@dataclass(frozen=True)
class Pair:
    """The same computed twice: float (n, ...) each; `other` is the maps themselves where None."""

    own: Side
    other: Side | None = None


@dataclass(frozen=True)
class Draws:
    """Maps drawn at random, of which the means are compared."""

    own: Draw
    other: Draw


@dataclass(frozen=True)
class Check:
    """A method of a library beside ours.

    name: the method's. package: whose. own, other: the maps as each side defines them. same: where
    definitions differ, what both give under equal ones; draws: where a library draws its noise by
    itself, what both draw under equal definitions. scaled: whether the maps' scales mean nothing.
    reached: the values are logits that two optimisers reach, of which ours may be higher.

    meaning: how the definitions differ, and what ours follows, in a sentence; reference: whose it
    is; address: where.
    """

    name: str
    package: str
    own: Side
    other: Side
    same: Pair | None = None
    draws: Draws | None = None
    scaled: bool = False
    reached: bool = False
    meaning: str = ""
    reference: str = ""
    address: str = ""


_ENLARGED = (
    "tf-keras-vis enlarges the map as if its cells covered the image from edge to edge; here each "
    "cell lies where its receptive field does, whatever the padding"
)


# What imports each library, before a method of it is timed.
LOADERS: dict[str, Callable[[], object]] = {
    tf_keras_vis.PACKAGE: lambda: load(
        tf_keras_vis.PACKAGE,
        "tf_keras_vis.gradcam",
        "tf_keras_vis.scorecam",
        "tf_keras_vis.saliency",
        "tf_keras_vis.activation_maximization",
    ),
    lime_package.PACKAGE: lambda: load(lime_package.PACKAGE, "lime.lime_image"),
    shap_package.PACKAGE: shap_package.package,
}


@cache
def checks() -> dict[str, Check]:
    """Return every check of maps by its name, in the order of the report."""
    return {each.name: each for each in _all()}


def chosen(study: Params) -> dict[str, Check]:
    """Return what is checked of each cell: of the study's methods those that a library has too."""
    if study.crosscheck.images == 0:
        return {}
    wanted = {*study.explain.methods, *study.crosscheck.also, MAXIMISATION}
    return {name: check for name, check in checks().items() if name in wanted}


def modules() -> tuple[str, ...]:
    """Return the modules of the methods that are checked."""
    return registry.modules(name for name in checks() if name in registry.methods())


def _all() -> list[Check]:
    vis = tf_keras_vis.PACKAGE
    return [
        Check(
            "gradcam", vis, own("gradcam"), library("gradcam"),
            same=Pair(definitions.gradcam_cells, partial(definitions.library_cells, "gradcam")),
            meaning=_ENLARGED,
            reference="Araujo et al. 2019",
            address="https://distill.pub/2019/computing-receptive-fields",
        ),
        Check(
            "gradcam_plus_plus", vis, own("gradcam_plus_plus"),
            partial(definitions.library_map, "gradcam_plus_plus"),
            same=Pair(
                definitions.summed_alphas_cells,
                partial(definitions.library_cells, "gradcam_plus_plus"),
            ),
            scaled=True,
            meaning="tf-keras-vis divides each channel’s weight by the sum of its alphas, which "
            "can be near zero or below; here the weights are the paper’s equations 5 and 19. "
            + _ENLARGED,
            reference="Chattopadhyay et al. 2018",
            address="https://arxiv.org/abs/1710.11063",
        ),
        Check(
            "score_cam", vis, own("score_cam"), library("score_cam"),
            same=Pair(definitions.score_cam_cells, definitions.library_score_cam_cells),
            scaled=True,
            meaning="tf-keras-vis weighs each feature map by the class’s probability behind it; "
            "here the weights are a softmax over the feature maps of the class’s logits, as in "
            "the paper’s algorithm 1. " + _ENLARGED,
            reference="Wang et al. 2020",
            address="https://arxiv.org/abs/1910.01279",
        ),
        _of_record("saliency"),
        Check(
            "smoothgrad", vis, own("smoothgrad"), definitions.library_smoothgrad,
            draws=Draws(definitions.smoothgrad_draw, definitions.library_smoothgrad_draw),
            scaled=True,
            meaning="tf-keras-vis averages the gradients’ magnitudes, and takes the noise as a "
            "share of the range that the image’s own pixels have; here the signed gradients are "
            "averaged, as in the paper, and the noise is a share of [0, 1], so that an image of "
            "one colour gets some too",
            reference="Smilkov et al. 2017, section 3.1",
            address="https://arxiv.org/abs/1706.03825",
        ),
        Check(
            MAXIMISATION, vis, definitions.maximised, definitions.library_maximised,
            reached=True,
            meaning="Both climb from the same grey image without smoothing or shifts; "
            "tf-keras-vis by RMSprop, clipping the last image alone, ours along the gradient by "
            "its own length, clipping each step",
            reference="Erhan et al. 2009",
        ),
        _of_record("lime"),
        Check(
            "gradient_shap", shap_package.PACKAGE, own("gradient_shap"), library("gradient_shap"),
            same=Pair(definitions.gradient_shap_at_library_draws),
            draws=Draws(definitions.gradient_shap_draw, definitions.library_gradient_shap_draw),
            scaled=True,
            meaning="shap draws starting images and points of the way independently; here both "
            "are stratified, which leaves the expectation as it is with less of chance in it",
            reference="Erion et al. 2019, equation 2",
            address="https://arxiv.org/abs/1906.10670",
        ),
        _of_record("deep_shap"),
        _of_record("partition_shap"),
    ]  # fmt: skip


def _of_record(name: str) -> Check:
    """Return the check of a method whose definition is the library's."""
    record = registry.methods()[name].library
    assert record is not None, f"{name} names no library"
    return Check(name, record.package, own(name), library(name))
