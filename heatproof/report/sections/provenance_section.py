"""The section on provenance: code, parameters, machines and versions of all results."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from heatproof.statistics import numbers

# What the page shows at most; provenance.json has everything.
MAX_SOURCES, MAX_ENVIRONMENTS, MAX_FILES, MAX_PARAMETERS, MAX_CELLS = 8, 6, 12, 40, 6
UNKNOWN = "not recorded"

BUDGETS = {
    "cpu": "short schedules for a computer without a GPU: some networks train for far fewer steps "
    "than in the publications, and are less accurate for that reason",
    "paper": "the published schedules",
    "best": "this project’s own schedules, more accurate than the published ones",
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
    "assess_shuffled": "assessment with shuffled labels",
    "compare_runs": "comparison of runs",
}
PER_FAMILY = {"explain": "explanations", "measure": "measurements"}


@dataclass(frozen=True)
class CodeVersion:
    """The code and parameters of some results; `results` names these.

    parameters: `key`, and `committed` or `used` or both, of those that differ.
    """

    commit: str | None
    changed: tuple[str, ...]
    parameters: list[dict[str, Any]]
    left_out: int
    count: int
    results: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One property of each environment; `differs` if they do not share it."""

    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Provenance:
    """Everything that the overview shows on how the results were made.

    recorded: how many results have a record, of `total`. environments: the number of results of
    each, and which; `rows` has a value for each of them.
    """

    recorded: int
    total: int
    sources: tuple[CodeVersion, ...]
    more_sources: int
    environments: tuple[tuple[int, tuple[str, ...]], ...]
    more_environments: int
    rows: tuple[Row, ...]
    data: dict[str, dict[str, str | None]]


def provenance(content: dict[str, Any]) -> Provenance | None:
    """Summarise what `report.provenance.gathered` returns; None where there are no results."""
    if not content:
        return None
    runs, sources = content["runs"], content["sources"]
    environments = content["environments"]
    of_source = _runs_of(runs, "source", len(sources))
    of_environment = _runs_of(runs, "environment", len(environments))
    return Provenance(
        recorded=sum(run.get("environment") is not None for run in runs),
        total=len(runs),
        sources=tuple(
            _source(source, of_source[i], len(sources) > 1)
            for i, source in enumerate(sources[:MAX_SOURCES])
        ),
        more_sources=max(0, len(sources) - MAX_SOURCES),
        environments=tuple(
            (len(of_environment[i]), _results(of_environment[i]) if len(environments) > 1 else ())
            for i in range(min(len(environments), MAX_ENVIRONMENTS))
        ),
        more_environments=max(0, len(environments) - MAX_ENVIRONMENTS),
        rows=tuple(_rows(environments[:MAX_ENVIRONMENTS])),
        data={each["name"]: each for each in content["data"]},
    )


def _runs_of(runs: list[dict[str, Any]], key: str, count: int) -> list[list[dict[str, Any]]]:
    grouped: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    for run in runs:
        if (number := run[key]) is not None:
            grouped[number].append(run)
    return grouped


def _source(source: dict[str, Any], runs: list[dict[str, Any]], several: bool) -> CodeVersion:
    changed, parameters = source.get("changed") or [], source.get("parameters") or []
    return CodeVersion(
        commit=source.get("commit"),
        changed=(
            *changed[:MAX_FILES],
            *((f"{len(changed) - MAX_FILES} more",) if len(changed) > MAX_FILES else ()),
        ),
        parameters=parameters[:MAX_PARAMETERS],
        left_out=max(0, len(parameters) - MAX_PARAMETERS),
        count=len(runs),
        results=_results(runs) if several else (),
    )


def _results(runs: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Results in words, by stage: `training of resnet18-mnist and resnet18-cifar10`."""
    by_stage: dict[str, list[str]] = {}
    for run in runs:
        by_stage.setdefault(run["stage"], []).append(numbers.short(run["cell"], 40))
    return tuple(
        f"{_stage(stage)} of "
        + (numbers.listing(cells) if len(cells) <= MAX_CELLS else f"{len(cells)} networks")
        for stage, cells in by_stage.items()
    )


def _stage(name: str) -> str:
    stage, _, family = name.partition("_")
    return STAGES.get(name, f"{family} {PER_FAMILY[stage]}" if stage in PER_FAMILY else name)


def _rows(environments: Sequence[dict[str, Any]]) -> Iterable[Row]:
    """One row per property that is known of at least one environment."""
    libraries: dict[str, None] = dict.fromkeys(
        name for e in environments for name in e.get("libraries") or {}
    )
    properties: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("Processor", lambda e: e.get("cpu")),
        ("Vector instructions", lambda e: ", ".join(e.get("instructions") or ())),
        ("Cores available", lambda e: e.get("cores")),
        ("Memory", lambda e: e.get("memory_gib") and f"{e['memory_gib']} GiB"),
        ("GPU", lambda e: _gpus(e.get("gpus"))),
        ("Operating system", lambda e: e.get("system")),
        ("Python", lambda e: e.get("python")),
        *((LIBRARIES.get(name, name), partial(_version, name)) for name in libraries),
        ("Keras backend", lambda e: LIBRARIES.get(e.get("backend", ""), e.get("backend"))),
        ("oneDNN kernels", lambda e: e.get("onednn")),
        ("Threads per operation", lambda e: e.get("threads")),
        ("Environment variables", lambda e: _variables(e.get("variables") or {})),
    )
    for label, read in properties:
        values = tuple(str(value) if (value := read(e)) else UNKNOWN for e in environments)
        if set(values) != {UNKNOWN} and values:
            yield Row(label, values, len(set(values)) > 1)


def _version(library: str, environment: dict[str, Any]) -> str | None:
    return (environment.get("libraries") or {}).get(library)


def _variables(variables: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in variables.items())


def _gpus(names: list[str] | None) -> str | None:
    return None if names is None else numbers.listing(names) if names else "none"
