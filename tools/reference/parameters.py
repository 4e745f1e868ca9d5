"""The reference of params.yaml: every key with its type, range, default and meaning.

It is made from the schema: types and ranges are pydantic's, meanings the strings below the fields
(`descriptions`); what a required key is "here" is the repository's own params.yaml.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from heatproof.attribution import registry
from heatproof.attribution.core.sizes import AUTO, SMALL, Sized
from heatproof.config.params import Params
from heatproof.config.schema import Block
from heatproof.config.yaml_file import read_yaml
from heatproof.run.stage import PARAMS
from heatproof.trust.registry import FAMILIES
from tools.reference import descriptions
from tools.reference.markdown import anchor, text
from tools.reference.types import blocks_in, in_words

# What stands for the names below a key that are the user's choice.
_NAMES = {"datasets": "<dataset>", "models": "<model>", "schedules": "<budget>.<dataset>",
          "runs": "<run>", "evaluate_on": "<cell>-on-<domain>",
          "concepts.<cell>.concepts": "<concept>"}  # fmt: skip
_LARGE = 224  # pixels a side: an example of what `auto` stands for above SMALL


@dataclass(frozen=True)
class Key:
    """A key of params.yaml. kind, default: as Markdown. meaning: plain text, "" where missing."""

    place: str
    kind: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """Keys that stand together: of a top-level key, or of one variant of a block."""

    title: str
    place: str
    about: str
    keys: tuple[Key, ...]


def page() -> str:
    """Return the page."""
    parts = [
        "# params.yaml\n\nEvery hyperparameter of a study. An unknown key, a wrong type or a value "
        "out of range is refused, naming the key and what was expected. A required key has a value "
        "in the repository’s `params.yaml`, which stands beside it where there is one value; "
        "`heatproof new` writes them all. Names in angle brackets are yours to choose.\n"
    ]
    for section in sections():
        level = "###" if "." in section.place else "##"
        parts.append(f"{level} {text(section.title)} {{ #{anchor(section.title)} }}\n")
        parts.append(text(section.about) + "\n")
        parts += [_entry(key, section.place) for key in section.keys]
    return "\n".join(parts)


@cache
def sections() -> tuple[Section, ...]:
    """Return all keys, by section, in the order of the schema."""
    return tuple(_Walk().sections())


def _entry(key: Key, within: str) -> str:
    name = key.place.removeprefix(f"{within}.")
    return f"`{name}` {key.kind}; {key.default}\n:   {text(key.meaning)}\n"


class _Walk:
    """Goes through the schema. A block is described where it is first met."""

    def __init__(self) -> None:
        self.described: dict[type[Block], str] = {}
        self.variants: list[Section] = []

    def sections(self) -> Iterator[Section]:
        """Yield the plain keys, then a section for each key that has others below it."""
        plain = []
        for name, field in Params.model_fields.items():
            keys = tuple(self._key(name, Params, name, field))
            if len(keys) == 1 and not blocks_in(field.annotation):
                plain += keys
                continue
            if plain:
                yield Section("General", "", "What all of the study shares.", tuple(plain))
                plain = []
            about = descriptions.of_field(Params, name)
            yield Section(name, name, about, keys[1:] or keys)
            yield from self.variants
            self.variants = []

    def _block(self, place: str, block: type[Block]) -> Iterator[Key]:
        block = block.PARTIAL_OF or block
        for name, field in block.model_fields.items():
            yield from self._key(f"{place}.{name}", block, name, field)

    def _key(self, place: str, block: type[Block], name: str, field: FieldInfo) -> Iterator[Key]:
        meaning = descriptions.of_field(block, name) or _of_family(place)
        blocks = [each.PARTIAL_OF or each for each in blocks_in(field.annotation)]
        known = self.described.get(blocks[0]) if len(blocks) == 1 else None
        yield Key(place, _kind(field, known), _default(place, field, known), meaning)
        if isinstance(field.annotation, type) and hasattr(field.annotation, "__total__"):
            for method, options in field.annotation.__annotations__.items():
                yield from self._method(f"{place}.{method}", method, options)
        if get_origin(field.annotation) is dict:
            named = _NAMES.get(place) or _NAMES.get(place.rpartition(".")[2], "<cell>")
            place = f"{place}.{named}"
        if field.discriminator:
            self.variants += [self._variant(place, str(field.discriminator), b) for b in blocks]
        elif blocks and not known:
            for each in blocks:
                if each.model_fields:
                    self.described[each] = place
                yield from self._block(place, each)

    def _method(self, place: str, name: str, options: type[Block]) -> Iterator[Key]:
        method = registry.methods()[name]
        none = "" if options.model_fields else ", without options"
        shows = f"{method.label}: {method.shows}."
        yield Key(place, f"mapping{none}", "not computed", shows)
        yield from self._block(place, options)

    def _variant(self, place: str, key: str, block: type[Block]) -> Section:
        (value,) = get_args(block.model_fields[key].annotation)
        keys = tuple(each for each in self._block(place, block) if each.place != f"{place}.{key}")
        title = f"{place.rpartition('.')[2]}: {value}"
        return Section(title, place, descriptions.of_block(block), keys)


def _kind(field: FieldInfo, known: str | None) -> str:
    """Return what a value may be; known: where its block is described already."""
    if field.discriminator:
        return f"mapping, by its `{field.discriminator}`"
    kind = in_words(field.annotation, field.metadata)
    link = known and f"mapping as [`{known}`](#{anchor(known.partition('.')[0])})"
    return kind.replace("mapping", link) if link else kind


def _of_family(place: str) -> str:
    """Return what a family of measures takes, from its records; "" where it is none."""
    above, _, name = place.rpartition(".")
    if above != "assess.measures":
        return ""
    return f"{', '.join(measure.label for measure in FAMILIES[name].measures)}."


def _default(place: str, field: FieldInfo, known: str | None) -> str:
    """Return a key's default, or its value in the repository's params.yaml where it has none."""
    if field.is_required():
        here = _here(place)
        return "required" if isinstance(here, dict | None) else f"required, here `{_yaml(here)}`"
    default = field.get_default(call_default_factory=True)
    if default in (None, {}, PydanticUndefined):
        return "not taken" if _of_family(place) else "default none"
    if isinstance(default, Block):
        return "default none" if known else "default as below"
    sized = next((each for each in field.metadata if isinstance(each, Sized)), None)
    if default == AUTO and sized:
        small, large = sized.of_side(SMALL), sized.of_side(_LARGE)
        return (
            f"default `auto`, {_yaml(small)} at {SMALL} pixels a side, {_yaml(large)} at {_LARGE}"
        )
    return f"default `{_yaml(default)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _here(place: str) -> Any:
    value = _published()
    for part in place.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@cache
def _published() -> dict[str, Any]:
    return read_yaml(PARAMS)
