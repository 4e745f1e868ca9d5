"""What Keras 2 wrote into an `.h5` file otherwise than Keras 3 reads it.

Keras 3 reads most of it as it is. Two things that nearly every network of that time has it does
not: a depthwise convolution's `groups`, always 1, and a sequential model without a layer for its
input, whose shape the first layer has.
"""

from typing import Any


def renewed(part: Any) -> Any:
    """Return a description, or a part of it, as Keras 3 reads it."""
    if isinstance(part, list):
        return [renewed(each) for each in part]
    if not isinstance(part, dict):
        return part
    part = {name: renewed(each) for name, each in part.items()}
    config = part.get("config")
    match part.get("class_name"):
        case "DepthwiseConv2D" if isinstance(config, dict) and config.get("groups") == 1:
            part["config"] = {name: each for name, each in config.items() if name != "groups"}
        case "Sequential" if isinstance(config, list):
            part["config"] = {"name": "sequential", "layers": _with_input(config)}
        case "Sequential" if isinstance(config, dict) and isinstance(config.get("layers"), list):
            part["config"] = config | {"layers": _with_input(config["layers"])}
    return part


def _with_input(layers: list[Any]) -> list[Any]:
    first = layers[0] if layers and isinstance(layers[0], dict) else {}
    config = first.get("config")
    has_input = first.get("class_name") == "InputLayer"
    if has_input or not isinstance(config, dict) or "batch_input_shape" not in config:
        return layers
    shape, name = config["batch_input_shape"], f"{config.get('name', 'first')}_input"
    image = {"class_name": "InputLayer", "config": {"batch_shape": shape, "name": name}}
    rest = {key: value for key, value in config.items() if key != "batch_input_shape"}
    return [image, first | {"config": rest}, *layers[1:]]
