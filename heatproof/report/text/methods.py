"""Descriptions of methods from their records, and a plain one for methods that no longer exist."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from types import MappingProxyType

from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution, Method, Number

# Of each method that a library computed: which, with its version.
_ENGINES: ContextVar[Mapping[str, str]] = ContextVar("engines", default=MappingProxyType({}))


@contextmanager
def computed_by(engines: Mapping[str, str]) -> Iterator[None]:
    """Within, methods that a library computed are called after it: method -> library, version."""
    token = _ENGINES.set(engines)
    try:
        yield
    finally:
        _ENGINES.reset(token)


def _gone(*_: object) -> Attribution:
    raise NotImplementedError("a method that the code no longer has")


def describe(name: str) -> Method:
    """Return a method's record; a plain one where a file has a method that is gone.

    Within `computed_by` it says which library computed it.
    """
    record = registry.methods().get(name)
    engine = _ENGINES.get().get(name)
    if record and engine:
        return replace(
            record,
            label=f"{record.label} ({engine})",
            definition=f"The output of {engine}, as it gives it, not normalised. This project’s "
            f"own, which it takes the place of here: {record.definition}",
        )
    return record or Method(
        name=name,
        label=name,
        family="",
        shows="this method's attribution of the class score",
        reference="",
        address="",
        definition="",
        equation="",
        deviations="",
        needs="predictions",
        explain=_gone,
        unit="",
        colours="gray",
    )


def ordered(names: Iterable[str]) -> list[str]:
    """Return methods in the order of the report, unknown ones after them by name."""
    return registry.ordered(names)


def first_overlay(names: Iterable[str]) -> str:
    """Return the method whose map stands for an image's: the first that is laid over the image.

    Raises:
        ValueError: there is none.
    """
    return min(ordered(names), key=lambda name: not describe(name).overlay)


def number(name: str) -> Number:
    """Return what a method's own number is called and means; its plain name where unknown."""
    return registry.numbers().get(name) or Number(label=name.replace("_", " "), meaning="")


def beside(own: dict[str, float]) -> str:
    """The caption with a method's own error on one map; empty where it reports none."""
    shown = [
        number(name).caption.format(value).replace("%", " %")
        for name, value in own.items()
        if number(name).caption and math.isfinite(value)
    ]
    return ", ".join(shown[:1])
