"""Blocks of params.yaml that are chosen by name: one for each module of a package.

A source of datasets or an architecture is one new module in its package; nothing else lists it.
Such a module is imported whenever params.yaml is read, so it imports Keras, TensorFlow and the like
only within its functions.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Annotated, Any, Union

from pydantic import Field


@cache
def modules(package: str) -> dict[str, ModuleType]:
    """Import every module of a package, by its name."""
    folder = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder))
    return {name: importlib.import_module(f"{package}.{name}") for name in names}


def choice(package: str, block: str, key: str) -> Any:
    """Return the type of a block that says by `key` which module of `package` describes it.

    Args:
        package: whose modules each define a class `block`, with a field `key` that is a Literal
            of the module's name.
        block: the classes' name, such as `Options`.
        key: the field's name, such as `source`.

    Returns:
        pydantic's discriminated union of the classes.
    """
    blocks = tuple(getattr(module, block) for module in modules(package).values())
    return Annotated[Union[blocks], Field(discriminator=key)]  # noqa: UP007
