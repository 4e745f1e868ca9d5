"""All methods: their records, collected from the methods' own modules.

A module in one of this package's folders that has `METHODS` is found; nothing lists it. Importing
them imports no TensorFlow.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import TypedDict  # typing's is not taken by pydantic before Python 3.12

from heatproof.attribution.core.attributions import SetUp
from heatproof.attribution.core.feature_maps import LAST, feature_layer
from heatproof.attribution.core.method import Context, Explainer, Method, Number
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import FAMILIES, STAGE_FAMILIES
from heatproof.config.registry import by_name
from heatproof.config.registry import modules as modules_of
from heatproof.config.schema import Block

if TYPE_CHECKING:
    import keras

    from heatproof.attribution.core.network import Network


@cache
def _by_module() -> dict[str, tuple[Method, ...]]:
    """Return the records of each module that has any."""
    packages = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__init__.py"))
    records = {
        module.__name__: module.METHODS
        for package in packages
        if package != "core"
        for module in modules_of(f"{__package__}.{package}").values()
        if hasattr(module, "METHODS")
    }
    for name, methods in records.items():
        if not isinstance(methods, tuple):
            raise TypeError(f"{name}.METHODS: expected a tuple, such as (Method(...),)")
    return records


@cache
def methods() -> Mapping[str, Method]:
    """Return every method by name, in the order of the report: by family, then by module."""
    families = [family.name for family in FAMILIES]
    return by_name(_by_module(), lambda method: method.family, families)


def stage_of(method: Method) -> str:
    """Return the stage family that computes a method."""
    return next(family.stage for family in FAMILIES if family.name == method.family)


def of_stage(stage: str) -> dict[str, Method]:
    """Return the methods of a stage family by name."""
    return {name: method for name, method in methods().items() if stage_of(method) == stage}


def modules(names: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that define these methods."""
    wanted = set(names)
    return tuple(
        module
        for module, records in _by_module().items()
        if wanted & {method.name for method in records}
    )


def with_options(listed: Mapping[str, Block], context: Context) -> dict[str, Explainer]:
    """Return the methods that params.yaml lists, name -> options, with these set."""
    return {
        name: methods()[name].with_options(options, context) for name, options in listed.items()
    }


def suiting(listed: Mapping[str, Block], network: "Network") -> dict[str, Block]:
    """Return those of the methods that are for a network of this kind, see `Method.suits`."""
    return {name: each for name, each in listed.items() if methods()[name].suits(network)}


def options_again(listed: Mapping[str, Block], size: tuple[int, int]) -> dict[str, Block]:
    """Return the options with which methods make maps of images of a size again, of fewer passes.

    Under other weights, or of changed images; see `Method.recomputing` and `sizes.AgainAtMost`.
    """
    return {
        name: methods()[name].recomputing(resolved(options, size, again=True))
        for name, options in listed.items()
    }


def passes(name: str, options: Block, size: tuple[int, int]) -> float:
    """Return how many passes of an image of a size a method takes, with a gradient or without."""
    taken = methods()[name].passes(resolved(options, size), size)
    return taken.forward + taken.gradients


def set_ups(listed: Mapping[str, Block], context: Context) -> dict[str, SetUp]:
    """Return what methods are called as first: with the options of maps that are made again."""
    again = options_again(listed, context.size)
    explainers = with_options(again, context)

    def taken(name: str, options: Block) -> float:
        return passes(name, options, context.size)

    return {
        name: SetUp(explainers[name], taken(name, again[name]) / taken(name, options))
        for name, options in listed.items()
    }


def refuse_unknown_layers(model: "keras.Model", listed: Mapping[str, Block]) -> None:
    """Check that a network has the layers that methods name, before it is trained.

    Raises:
        UserError: it has none of that name; the message lists those it has.
    """
    for name, options in listed.items():
        layer = getattr(options, "layer", LAST)
        if layer != LAST:
            key = f"explain.{stage_of(methods()[name])}.{name}.layer"
            feature_layer(model, layer, key)


def ordered(names: Iterable[str]) -> list[str]:
    """Return methods in the report's order, unknown ones after them by name."""
    known = list(methods())
    return sorted(
        names, key=lambda name: (known.index(name) if name in known else len(known), name)
    )


@cache
def numbers() -> Mapping[str, Number]:
    """Return all that methods report of their own error, by name."""
    return {name: number for m in methods().values() for name, number in m.numbers.items()}


if TYPE_CHECKING:
    GradientMethods = PerturbationMethods = ShapleyMethods = dict[str, Block]
else:

    def _block(stage: str) -> type:
        options = {name: method.options for name, method in of_stage(stage).items()}
        block = TypedDict(f"{stage}_methods", options, total=False)
        block.__pydantic_config__ = Block.model_config
        return block

    # What a stage family's block of params.yaml may hold: any of its methods with their options.
    # Those that are not there are not computed.
    GradientMethods, PerturbationMethods, ShapleyMethods = map(_block, STAGE_FAMILIES)
