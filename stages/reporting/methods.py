"""What the report says about each explanation method. One entry a method."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method's name, one sentence on what its map shows, and its paper.

    `overlay`: the map is coarse and is laid over the image; a fine one stands beside it.
    """

    label: str
    shows: str
    reference: str = ""
    address: str = ""
    overlay: bool = False


METHODS = {
    "saliency": Method(
        "Saliency",
        "how strongly the class score reacts to a small change of each pixel (the size of the "
        "gradient); it says where the score is sensitive, not whether a pixel speaks for or "
        "against the class",
        "Simonyan et al. 2013",
        "arXiv:1312.6034",
    ),
    "gradcam": Method(
        "Grad-CAM",
        "which regions of the last convolutional layer raise the class score; that layer is "
        "coarse, so the map is enlarged to the image and blurred by it",
        "Selvaraju et al. 2017",
        "arXiv:1610.02391",
        overlay=True,
    ),
}


def describe(method: str) -> Method:
    """A method's description; a plain one where the report does not know the method yet."""
    return METHODS.get(method) or Method(method, "this method's attribution of the class score")


def ordered(methods: list[str]) -> list[str]:
    """Methods in the order of `METHODS`, unknown ones after them by name."""
    known = list(METHODS)
    return sorted(methods, key=lambda m: (known.index(m) if m in known else len(known), m))
