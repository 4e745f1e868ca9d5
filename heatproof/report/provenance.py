"""What each run ran on, gathered from data/timing/, and as the overview shows it.

It is gathered when the report is written, and is in no file that a stage depends on.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.explain import EXPLAINED
from heatproof.config.params import Params
from heatproof.statistics import numbers
from heatproof.storage import artifacts, paths
from heatproof.storage.formats import sha256_of

# What a commit and its changes are; all else that a run ran on is its environment.
SOURCE = ("commit", "changed", "parameters")
# What the page shows at most; provenance.json has everything.
MAX_SOURCES, MAX_ENVIRONMENTS, MAX_FILES, MAX_PARAMETERS, MAX_CELLS = 8, 6, 12, 40, 6
UNKNOWN = "not recorded"

BUDGETS = {
    "cpu": "short schedules for a computer without a GPU: some networks train for far fewer steps "
    "than under the other budgets, and are less accurate for that reason",
    "paper": "the published schedules",
    "best": "this project’s own schedules, more accurate than the published ones",
}
LIBRARIES = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "pillow": "Pillow",
    "jax": "JAX",
    "torch": "PyTorch",
}
WORDS = {
    "train": "training",
    "open": "opening",
    "derive": "deriving",
    "evaluate": "evaluation",
    "assess_shuffled": "assessment with shuffled labels",
    "compare_runs": "comparison of runs",
    "evaluate_corrupted": "evaluation on corrupted images",
    "evaluate_on": "evaluation on another dataset",
    "explain_concepts": "concepts",
    "explain_inversion": "inversion",
    "explain_influence": "influence of training images",
    "crosscheck": "crosscheck",
    "playground": "live page",
    **{f"explain_{family}": f"{family} explanations" for family in EXPLAINED},
    **{f"measure_{family}": f"{family} measurements" for family in STAGE_FAMILIES},
}
Record = dict[str, Any]


def gathered(study: Params) -> Record:
    """Return what is known of how the study in the current folder was made.

    Returns:
        budget and seed, as they are now. data: of each dataset its `name` and the SHA-256 of its
        two records, null where one is not there. sources and environments: each different one once,
        those of training first. runs: `stage` and `cell`, and which of `sources` and `environments`
        it is of, from 0; null where the run is older than this record. Empty where nothing was run.

    Raises:
        UserError: a timing file is damaged.
    """
    sources: list[Record] = []
    environments: list[Record] = []
    runs = []
    for stage, cell in _timed(study):
        record = artifacts.read_run(stage, cell) or {}
        source = {key: record[key] for key in SOURCE if key in record}
        environment = {key: record[key] for key in record if key not in SOURCE}
        runs.append(
            {
                "stage": stage,
                "cell": cell,
                "source": _number(sources, source),
                "environment": _number(environments, environment),
            }
        )
    if not runs:
        return {}
    used = dict.fromkeys(cell.dataset for cell in study.cells.values())
    data = [
        {
            "name": name,
            "raw": _sha256(paths.raw(name) / paths.RECORD),
            "processed": _sha256(paths.processed(name)),
        }
        for name in used
    ]
    return {
        "budget": study.budget,
        "seed": study.seed,
        "data": data,
        "sources": sources,
        "environments": environments,
        "runs": runs,
    }


def _timed(study: Params) -> Iterable[tuple[str, str]]:
    """Stages and runs whose durations there are, training first, as in params.yaml."""
    folder = paths.timing("", "").parent
    stages = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
    for stage in sorted(stages, key=lambda name: (not name.startswith("train"), name)):
        for cell in dict.fromkeys((*study.cells, *study.runs)):
            if paths.timing(stage, cell).exists():
                yield stage, cell


def _number(known: list[Record], one: Record) -> int | None:
    """The place of `one` among those known, added where it is new."""
    if not one:
        return None
    if one not in known:
        known.append(one)
    return known.index(one)


def _sha256(path: Path) -> str | None:
    return sha256_of(path) if path.exists() else None


def summary(content: Record) -> Record:
    """Summarise what `gathered` returns; empty where there are no results.

    Returns:
        recorded: how many results have a record, of `total`. sources: each with the number of its
        results, and which, if there are several sources; `code`: the versions of this project.
        environments: the same, and rows: a property, its value in each of them, and whether they
        differ. more_sources, more_environments: how many are not shown. data: of each dataset.
    """
    if not content:
        return {}
    environments = content["environments"][:MAX_ENVIRONMENTS]
    return {
        "recorded": sum(run.get("environment") is not None for run in content["runs"]),
        "total": len(content["runs"]),
        "sources": [
            _source(source) | each | {"code": _versions(content, number)}
            for number, (source, each) in enumerate(
                zip(content["sources"], _results(content, "source"), strict=True)
            )
        ][:MAX_SOURCES],
        "more_sources": len(content["sources"][MAX_SOURCES:]),
        "environments": _results(content, "environment")[:MAX_ENVIRONMENTS],
        "more_environments": len(content["environments"][MAX_ENVIRONMENTS:]),
        "rows": list(_rows(environments)),
        "data": {each["name"]: each for each in content["data"]},
    }


def _source(source: Record) -> Record:
    """The code and parameters of some results, as much as is shown of them."""
    changed, parameters = source.get("changed") or [], source.get("parameters") or []
    more = len(changed) - MAX_FILES
    return {
        "commit": source.get("commit"),
        "changed": [*changed[:MAX_FILES], *([f"{more} more"] if more > 0 else ())],
        "parameters": parameters[:MAX_PARAMETERS],
        "left_out": len(parameters[MAX_PARAMETERS:]),
    }


def _versions(content: Record, source: int) -> list[str]:
    """Return the versions of this project, with their commits, that made a source's results.

    In a study in a folder of its own the code is not in the study's commit, if there is one.
    """
    used = {run["environment"] for run in content["runs"] if run["source"] == source} - {None}
    libraries = (content["environments"][number].get("libraries") or {} for number in sorted(used))
    return list(dict.fromkeys(each["heatproof"] for each in libraries if each.get("heatproof")))


def _results(content: Record, key: str) -> list[Record]:
    """How many results each source or environment has; where there are several, which."""
    grouped: list[list[Record]] = [[] for _ in content[f"{key}s"]]
    for run in content["runs"]:
        if run[key] is not None:
            grouped[run[key]].append(run)
    several = len(grouped) > 1
    return [{"count": len(runs), "results": _listed(runs) if several else []} for runs in grouped]


def _listed(runs: Iterable[Record]) -> list[str]:
    """Results in words, by stage: `training of resnet18-mnist and resnet18-cifar10`."""
    by_stage: dict[str, list[str]] = {}
    for run in runs:
        by_stage.setdefault(run["stage"], []).append(numbers.short(run["cell"], 40))
    return [
        f"{WORDS.get(stage, stage)} of "
        + (numbers.listing(cells) if len(cells) <= MAX_CELLS else f"{len(cells)} networks")
        for stage, cells in by_stage.items()
    ]


def _rows(environments: Sequence[Record]) -> Iterable[tuple[str, list[str], bool]]:
    """One row per property that is known of at least one environment."""
    libraries: dict[str, None] = dict.fromkeys(
        name for e in environments for name in e.get("libraries") or {}
    )
    properties: dict[str, Callable[[Record], Any]] = {
        "Processor": lambda e: e.get("cpu"),
        "Vector instructions": lambda e: ", ".join(e.get("instructions") or ()),
        "Cores available": lambda e: e.get("cores"),
        "Memory": lambda e: e.get("memory_gib") and f"{e['memory_gib']} GiB",
        "GPU": lambda e: _gpus(e.get("gpus")),
        "Operating system": lambda e: e.get("system"),
        "Python": lambda e: e.get("python"),
        **{
            LIBRARIES.get(name, name): lambda e, name=name: (e.get("libraries") or {}).get(name)
            for name in libraries
        },
        "Keras backend": lambda e: LIBRARIES.get(e.get("backend", ""), e.get("backend")),
        "oneDNN kernels": lambda e: e.get("onednn"),
        "Threads per operation": lambda e: e.get("threads"),
        "Environment variables": lambda e: ", ".join(map("=".join, _variables(e))),
    }
    for label, read in properties.items():
        values = [str(read(environment) or UNKNOWN) for environment in environments]
        if set(values) - {UNKNOWN}:
            yield label, values, len(set(values)) > 1


def _gpus(names: list[str] | None) -> str | None:
    return None if names is None else numbers.listing(names) if names else "none"


def _variables(environment: Record) -> Iterable[tuple[str, str]]:
    return (environment.get("variables") or {}).items()
