"""claims.yaml as typed, validated objects: the only reader of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from heatproof.claims.published import Published
from heatproof.config.schema import Block
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError, require_known

CLAIMS = Path("claims.yaml")

WORDS = {
    "accuracy": "Test accuracy",
    "domain_accuracy": "Accuracy on another dataset",
    "train_accuracy": "Training accuracy",
    "macro_f1": "Macro F1 on the test images",
    "parameters": "Parameters",
    "flops": "FLOPs per image",
    "training_time": "Training time",
    "epochs": "Epochs of training",
}


class Figure(Published):
    """A published figure of one cell, or of a model on any of the source's datasets.

    domain: the other dataset that an accuracy was measured on.
    """

    source: str
    kind: Literal[
        "accuracy",
        "domain_accuracy",
        "train_accuracy",
        "macro_f1",
        "parameters",
        "flops",
        "training_time",
        "epochs",
    ]
    cell: str = ""
    domain: str = ""
    model: str = ""
    device: Literal["cpu", "gpu"] | None = None

    @property
    def subject(self) -> str:
        """What the figure is of, such as `resnet18 on mnist`."""
        of = self.model or " on ".join(self.cell.split("-", 1))
        if self.domain:
            return f"{of}, tested on {self.domain}"
        return f"{of}, on a {self.device.upper()}" if self.device else of

    @property
    def statement(self) -> str:
        """The claim in words, without its number."""
        return f"{WORDS[self.kind]} of {self.subject}"

    @model_validator(mode="after")
    def _of_one_thing(self) -> "Figure":
        if bool(self.cell) == bool(self.model):
            raise ValueError("give either `cell` or `model`")
        if bool(self.domain) != (self.kind == "domain_accuracy"):
            raise ValueError("`domain` goes with the kind domain_accuracy")
        if self.domain and not self.cell:
            raise ValueError("an accuracy on another dataset is of a `cell`")
        if not self.given:
            raise ValueError("a figure needs `value`, or `low` and `high`, and a `unit`")
        return self


class Confusion(Block):
    """Images of the class `label` predicted as `predicted`: among the `within` top confusions.

    Where there are several models, their confusion matrices are added up. `either_way` counts both
    directions of a pair as one.
    """

    source: str
    kind: Literal["confusion"]
    statement: str
    models: Annotated[list[str], Field(min_length=1)]
    dataset: str
    label: str
    predicted: str
    either_way: bool = False
    within: Annotated[int, Field(ge=1)]


class Statement(Published):
    """An ordering or another statement, which the function named `check` compares.

    `model` is the one that the claim is about, `models` those it is compared among, `methods` the
    methods that a `measure` of attributions puts in this order, `reason` why it cannot be measured
    (check: not_measured).
    """

    source: str
    kind: Literal["ordering", "statement"]
    statement: str
    check: str
    model: str = ""
    models: list[str] = Field(default_factory=list)
    datasets: list[str] = Field(default_factory=list)
    method: str | None = None
    methods: list[str] = Field(default_factory=list)
    measure: str = ""
    reason: str | None = None


Claim = Figure | Confusion | Statement
KINDS: dict[Any, type[Claim]] = {
    **dict.fromkeys(WORDS, Figure),
    "confusion": Confusion,
    "ordering": Statement,
    "statement": Statement,
}


class Source(Block):
    """Where claims were published. `note`: what has to be known of all of them."""

    title: str
    note: str = ""


class _File(Block):
    sources: Annotated[dict[str, Source], Field(min_length=1)]
    claims: Annotated[dict[str, Any], Field(min_length=1)]


@dataclass(frozen=True)
class ClaimsFile:
    """The whole of claims.yaml, valid: every source and check that a claim names exists."""

    sources: dict[str, Source]
    claims: dict[str, Claim]


def load(checks: Mapping[str, frozenset[str]], path: Path = CLAIMS) -> ClaimsFile:
    """Read and validate a file of claims.

    Args:
        checks: name of each check that a statement may ask for -> the fields that it needs.
        path: the file.

    Raises:
        UserError: naming the file, each wrong key and its value, what was expected, what to do.
    """
    file = validated(path, "", _File, read_yaml(path))
    claims = {name: _claim(path, name, entry) for name, entry in file.claims.items()}
    for name, claim in claims.items():
        what = f"{path}: claims.{name}.source = {claim.source!r}: unknown"
        require_known(what, claim.source, file.sources)
        if isinstance(claim, Statement):
            _check(path, name, claim, checks)
    return ClaimsFile(file.sources, claims)


def _claim(path: Path, name: str, entry: Any) -> Claim:
    kind = entry.get("kind") if isinstance(entry, dict) else None
    require_known(f"{path}: claims.{name}.kind = {kind!r}: unknown", kind, KINDS)
    return validated(path, f"claims.{name}.", KINDS[kind], entry)


def _check(path: Path, name: str, claim: Statement, checks: Mapping[str, frozenset[str]]) -> None:
    what = f"{path}: claims.{name}.check = {claim.check!r}: unknown"
    require_known(what, claim.check, sorted(checks))
    for field in sorted(checks[claim.check]):
        if not (claim.given if field == "published" else getattr(claim, field)):
            wanted = "value, or low and high, with a unit" if field == "published" else field
            raise UserError(
                f"{path}: claims.{name}: the check '{claim.check}' needs {wanted}: add it"
            )
