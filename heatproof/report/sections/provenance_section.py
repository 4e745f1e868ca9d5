"""What was run: code, parameters, machines and versions, in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from heatproof.statistics import numbers

# More than a page can show; the file beside the site has them all.
MOST_SOURCES, MOST_ENVIRONMENTS, MOST_FILES, MOST_PARAMETERS, MOST_CELLS = 8, 6, 12, 40, 6
UNKNOWN = "not recorded"

BUDGETS = {
    "cpu": "short schedules for a computer without a GPU: where they show a network far fewer "
    "images than its authors did, its accuracy is lower for that reason",
    "paper": "the published schedules",
    "best": "schedules of this project’s own, for more accuracy than the published ones give",
}
LIBRARIES = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "scikit-image": "scikit-image",
    "pandas": "pandas",
    "pillow": "Pillow",
    "jax": "JAX",
    "torch": "PyTorch",
}
STAGES = {
    "train": "training",
    "evaluate": "evaluation",
    "assess": "assessment of the maps",
}


@dataclass(frozen=True)
class Parameter:
    """A parameter that was not as committed; None where it is missing on one side."""

    key: str
    committed: str | None
    used: str | None


@dataclass(frozen=True)
class Source:
    """Which code and parameters some runs are of; `where` names the runs."""

    commit: str | None
    changed: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    left_out: int
    runs: int
    where: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One fact of each environment; `differs` where they do not have it in common."""

    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Data:
    """A dataset's files by their SHA-256, None where one was not there."""

    raw: str | None
    processed: str | None


@dataclass(frozen=True)
class Ran:
    """Everything the overview says of how the study was made.

    environments: how many runs each had, and which; `rows` has a value for each of them.
    """

    recorded: int
    runs: int
    sources: tuple[Source, ...]
    more_sources: int
    environments: tuple[tuple[int, tuple[str, ...]], ...]
    more_environments: int
    rows: tuple[Row, ...]
    data: dict[str, Data]


def ran(provenance: dict[str, Any]) -> Ran | None:
    """Put into words what `report.provenance.gathered` returns; None where nothing was run."""
    if not provenance:
        return None
    runs, sources = provenance["runs"], provenance["sources"]
    environments = provenance["environments"]
    of_source = _runs_of(runs, "source", len(sources))
    of_environment = _runs_of(runs, "environment", len(environments))
    return Ran(
        recorded=sum(run.get("environment") is not None for run in runs),
        runs=len(runs),
        sources=tuple(
            _source(source, of_source[i], len(sources) > 1)
            for i, source in enumerate(sources[:MOST_SOURCES])
        ),
        more_sources=max(0, len(sources) - MOST_SOURCES),
        environments=tuple(
            (len(of_environment[i]), _where(of_environment[i]) if len(environments) > 1 else ())
            for i in range(min(len(environments), MOST_ENVIRONMENTS))
        ),
        more_environments=max(0, len(environments) - MOST_ENVIRONMENTS),
        rows=tuple(_rows(environments[:MOST_ENVIRONMENTS])),
        data={d["name"]: Data(d.get("raw"), d.get("processed")) for d in provenance["data"]},
    )


def _runs_of(runs: list[dict[str, Any]], of: str, count: int) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    for run in runs:
        if (number := run[of]) is not None:
            found[number].append(run)
    return found


def _source(source: dict[str, Any], runs: list[dict[str, Any]], several: bool) -> Source:
    changed, parameters = source.get("changed") or [], source.get("parameters") or []
    return Source(
        commit=source.get("commit"),
        changed=(
            *changed[:MOST_FILES],
            *((f"{len(changed) - MOST_FILES} more",) if len(changed) > MOST_FILES else ()),
        ),
        parameters=tuple(
            Parameter(str(p.get("key")), p.get("committed"), p.get("used"))
            for p in parameters[:MOST_PARAMETERS]
        ),
        left_out=max(0, len(parameters) - MOST_PARAMETERS),
        runs=len(runs),
        where=_where(runs) if several else (),
    )


def _where(runs: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Runs in words, a stage each: `training of resnet18-mnist and resnet18-cifar10`."""
    by_stage: dict[str, list[str]] = {}
    for run in runs:
        by_stage.setdefault(run["stage"], []).append(numbers.printable(run["cell"]))
    return tuple(
        f"{_stage(stage)} of {_cells(cells)}" for stage, cells in by_stage.items()
    )  # fmt: skip


def _cells(cells: Sequence[str]) -> str:
    if len(cells) > MOST_CELLS:
        return f"{len(cells)} networks"
    return numbers.listing([numbers.short(cell, 40) for cell in cells])


def _stage(name: str) -> str:
    family = name.removeprefix("explain_")
    return STAGES.get(name, f"{family} explanations" if family != name else name)


def _rows(environments: Sequence[dict[str, Any]]) -> Iterable[Row]:
    """The facts of all environments, one a row, those that none has left out."""
    libraries: dict[str, None] = dict.fromkeys(
        name for e in environments for name in e.get("libraries") or {}
    )
    facts: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("Processor", lambda e: e.get("cpu")),
        ("Its vector instructions", lambda e: ", ".join(e.get("instructions") or ())),
        ("Cores it could use", lambda e: e.get("cores")),
        ("Memory", lambda e: e.get("memory_gib") and f"{e['memory_gib']} GiB"),
        ("GPU", lambda e: _gpus(e.get("gpus"))),
        ("Operating system", lambda e: e.get("system")),
        ("Python", lambda e: e.get("python")),
        *((LIBRARIES.get(name, name), partial(_version, name)) for name in libraries),
        ("Keras computes with", lambda e: LIBRARIES.get(e.get("backend", ""), e.get("backend"))),
        ("oneDNN kernels", lambda e: e.get("onednn")),
        ("Threads inside an operation", lambda e: e.get("threads")),
    )
    for label, read in facts:
        values = tuple(str(value) if (value := read(e)) else UNKNOWN for e in environments)
        if set(values) != {UNKNOWN} and values:
            yield Row(label, values, len(set(values)) > 1)


def _version(library: str, environment: dict[str, Any]) -> str | None:
    return (environment.get("libraries") or {}).get(library)


def _gpus(names: list[str] | None) -> str | None:
    return None if names is None else numbers.listing(names) if names else "none"
