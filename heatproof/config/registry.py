"""What is found by its module: nothing else lists it.

A source of datasets, an architecture, a method or a family of measures is one new module in its
package. Such a module is imported whenever params.yaml is read, so it imports Keras, TensorFlow and
the like only within its functions.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType
from typing import Annotated, Any, Protocol, TypeVar, Union, get_args

from pydantic import Field


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


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

    Raises:
        TypeError: a module has no such class, or its Literal is another name.
    """
    blocks = {name: getattr(module, block, None) for name, module in modules(package).items()}
    for name, kind in blocks.items():
        field = getattr(kind, "model_fields", {}).get(key)
        if field is None or get_args(field.annotation) != (name,):
            raise TypeError(
                f"{package}.{name}: expected a class {block}(Block) with the field "
                f'`{key}: Literal["{name}"]`'
            )
    return Annotated[Union[tuple(blocks.values())], Field(discriminator=key)]  # noqa: UP007


def by_name(
    records: dict[str, tuple[N, ...]], group_of: Callable[[N], str], groups: Sequence[str]
) -> dict[str, N]:
    """Return the records of several modules by name: by group, then as they come.

    Raises:
        ValueError: two have the same name, or one is of a group that is not among `groups`.
    """
    named: dict[str, N] = {}
    owner: dict[str, str] = {}
    for module, each in records.items():
        for record in each:
            place = f"{module}: '{record.name}'"
            if record.name in named:
                raise ValueError(
                    f"{place} is the name of a record of {owner[record.name]}; give it another"
                )
            if group_of(record) not in groups:
                raise ValueError(
                    f"{place} is of '{group_of(record)}'; expected one of {', '.join(groups)}"
                )
            named[record.name], owner[record.name] = record, module
    return dict(sorted(named.items(), key=lambda item: groups.index(group_of(item[1]))))
