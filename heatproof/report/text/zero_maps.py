"""What a map that is zero everywhere means, and why one is."""

from collections.abc import Mapping

from heatproof.attribution.core.method import Method
from heatproof.statistics import numbers

CUT = 0.9995  # of a weighted sum below zero, from which on nothing is left to be shown


def sentence(
    method: Method, maps: int, rows: int, own: Mapping[str, float], where: str = ""
) -> str:
    """Say how many of a method's maps are zero everywhere, and why; `where`: on which network."""
    count = "All" if maps == rows else f"{maps} of"
    verb = "is" if rows == 1 else "are"
    said = f"{count} {rows} maps of {method.label}{where} {verb} zero everywhere."
    return f"{said} {meaning(method, own)}"


def meaning(method: Method, own: Mapping[str, float] = {}) -> str:
    """Say of a map of zeros why it is one, as far as the method's own numbers tell.

    Args:
        method: whose map it is.
        own: what the method reports of this map, or of maps like it (`Method.numbers`).
    """
    if method.family != "cam":
        return (
            "The method attributes nothing to any pixel: as far as it can see, no pixel moves the "
            "class score. It does not say that the image is irrelevant."
        )
    if numbers.known(own.get("below_zero")) and own["below_zero"] < CUT:
        return (
            "No feature map of the layer that counts for the class is active anywhere in the image."
        )
    text = (
        "At no place is the weighted sum of the feature maps above zero, and only what is above is "
        "shown. So the map says nothing about where the evidence is."
    )
    kept = own.get("gradient_kept")
    if kept is None or not numbers.known(kept):
        return text
    return f"{text} Averaging over places keeps {numbers.percent(kept)} of the gradient" + (
        ": this network reads every place by weights of its own, which one weight for a whole "
        "feature map cannot stand for. HiResCAM and LayerCAM weigh each place."
        if kept < 0.5
        else "."
    )
