"""The base of every block of params.yaml, wherever the block is described."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

LONGEST_NAME = 120  # bytes; with an ending it is a file's name, of at most 255


def _checked_name(name: str) -> str:
    """Refuse what would not do in a file's name, a DVC stage's name or a dotted key."""
    if name[:1] in ("", "-") or not f"_{name}".replace("-", "_").isidentifier():
        raise ValueError("a name is made of letters, digits, _ and - and does not begin with -")
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} bytes")
    return name


Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
# Half of NumPy's and Keras' 32 bits: layers add to it for generators of their own.
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, AfterValidator(_checked_name)]
# Of images: height and width in pixels.
ImageSize = Annotated[list[Annotated[int, Field(ge=8, le=512)]], Field(min_length=2, max_length=2)]


def _black_below_white(values: list[float]) -> list[float]:
    if values[0] >= values[1]:
        raise ValueError("value_range is [black, white], the smaller value first")
    return values


# Which values are black and white in images of more than 8 bits.
ValueRange = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]],
    Field(min_length=2, max_length=2),
    AfterValidator(_black_below_white),
]
# DVC wants a file or folder from each source whose change means fetching again. A source that reads
# none of the study's files names one that is there in any case.
ReadsNothing = Literal["data/code/fetch.txt"]


class Block(BaseModel):
    """A mapping in params.yaml: unknown keys are refused, types are not bent, values are fixed.

    Whole numbers are taken where a fraction is expected, nothing else is converted: the text
    "3" is not the number 3, and `true` is not 1.

    The string below a field is its description in the reference (`tools.reference`).
    """

    PARTIAL_OF: ClassVar["type[Block] | None"] = None  # of what `partial` makes

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def partial(block: type[Block], **more: Any) -> type[Block]:
    """Return a block of the same values, any of which may be left out, and of `more` fields.

    `model_dump(exclude_unset=True)` gives those that are there.
    """
    fields: dict[str, Any] = {
        name: (Annotated[field.annotation, *field.metadata] if field.metadata
               else field.annotation, None)
        for name, field in block.model_fields.items()
    }  # fmt: skip
    made = create_model(f"Partial{block.__name__}", __base__=Block, **(fields | more))
    made.PARTIAL_OF = block
    return made
