"""The methods that the live page's engine computes, with what it needs to know for a network."""

from collections.abc import Callable, Mapping
from typing import Any

from heatproof.attribution import registry
from heatproof.attribution.core.additivity import MIN_DIFFERENCE
from heatproof.attribution.core.feature_maps import feature_layers, feature_maps
from heatproof.attribution.core.geometry import feature_axes
from heatproof.attribution.core.method import Context, Method, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.core.token_grids import token_maps
from heatproof.attribution.gradients import guided_backprop
from heatproof.attribution.propagation import lrp_layers
from heatproof.attribution.propagation.ranges import ranges
from heatproof.config.schema import Block

# (network, options, context) -> what the engine's method of that name is given, as JSON.
Given = Callable[[Network, Any, Context], dict[str, Any]]


def described(
    network: Network, listed: Mapping[str, Block], context: Context
) -> list[dict[str, Any]]:
    """Describe the methods that suit a network, in the report's order.

    Args:
        network: of the page.
        listed: methods of params.yaml with their options; others have their defaults. One that a
            library computes there is left out, since the engine's map would be another.
        context: of the cell.

    Returns:
        for each `name`, `label`, `signed`, `colours` (matplotlib's map where there are no negative
        values), `slow`, of class activation maps the `layer` that is weighed and how many
        `columns` its map has (of tokens, their grid), and `options`, which only the engine reads.
    """
    found = []
    for name in registry.ordered(_GIVEN):
        method = registry.methods()[name]
        options = resolved(listed.get(name, method.options()), context.size)
        if method.engine(options):
            continue
        try:
            given = _GIVEN[name](network, options, context)
        except UnsupportedNetwork:
            continue
        of_map = {}
        if "layer" in given:
            of_map = {"layer": given["layer"], "columns": given["grid"]["columns"]}
        found.append(_facts(method) | of_map | {"options": given})
    return found


def _facts(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        "label": method.label,
        "signed": method.signed,
        "colours": method.colours,
        "slow": method.cost == "slow",
    }


def _cam(network: Network, options: Any, _: Context) -> dict[str, Any]:
    """Say which layer is weighed, which of its values are places, and where these are."""
    if not feature_maps(network.model):
        raise UnsupportedNetwork("no feature map of more than one cell")
    layer, *others = feature_layers(network.model, options.layer)
    if others:
        raise UnsupportedNetwork("the maps of several layers are added up, as of an ensemble's")
    tokens = token_maps(network.model).get(layer)
    axes = feature_axes(network.model, layer)
    return {
        "layer": layer,
        "grid": {
            "before": tokens.before if tokens else 0,
            "rows": axes[0].cells,
            "columns": axes[1].cells,
        },
        "axes": [{"start": axis.start, "jump": axis.jump} for axis in axes],
    }


def _plain(_network: Network, _options: Any, _context: Context) -> dict[str, Any]:
    return {}


def _guided(network: Network, _options: Any, _: Context) -> dict[str, Any]:
    guided_backprop.require_rules(network.model)
    return {}


def _relevance(network: Network, options: Any, _: Context) -> dict[str, Any]:
    """Say which layers are summands, which prepare the image, and which factors are signals."""
    model = network.model
    lrp_layers.require_rules(model)
    known = ranges(model)
    return {
        "epsilon": options.epsilon,
        "summands": sorted(lrp_layers.summands(model)),
        "preparing": sorted(lrp_layers.preparing_layers(model)),
        "signals": {
            layer.name: lrp_layers.signals(layer, known)
            for layer in model.operations
            if type(layer).__name__ == "Multiply"
        },
    }


def _path(_: Network, options: Any, context: Context) -> dict[str, Any]:
    return {
        "steps": options.steps,
        "max_steps": options.last_steps,
        "tolerance": options.tolerance,
        "min_difference": MIN_DIFFERENCE,
        "colour": context.mean_colour.tolist(),
    }


def _occlusion(_: Network, options: Any, context: Context) -> dict[str, Any]:
    return {
        "size": options.size,
        "stride": options.stride,
        "colour": context.mean_colour.tolist(),
    }


_GIVEN: dict[str, Given] = {
    **dict.fromkeys(("gradcam", "gradcam_plus_plus", "hirescam", "layercam"), _cam),
    **dict.fromkeys(("saliency", "gradient_times_input"), _plain),
    **dict.fromkeys(("integrated_gradients_black", "integrated_gradients_mean"), _path),
    "guided_backprop": _guided,
    "lrp_epsilon": _relevance,
    "occlusion": _occlusion,
}
# All that the engine has.
NAMES = tuple(_GIVEN)
