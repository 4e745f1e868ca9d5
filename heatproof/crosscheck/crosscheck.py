"""The stage: a cell's maps and figures beside those of the libraries, with a verdict on each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from heatproof.attribution.libraries.serving import tidied, version
from heatproof.config.params import Params
from heatproof.crosscheck import comparison, figures, processes
from heatproof.crosscheck.checks import FIGURES, FIGURES_LIBRARY, Check, chosen
from heatproof.crosscheck.comparison import AGREES, DIFFERS, NOT_COMPARED, UNSERVED
from heatproof.crosscheck.sides import DRAWS, Computed, Which
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths

STAGE = "crosscheck"
# Computes one side of some checks: (whose, names) -> name -> what was computed.
Compute = Callable[[Which, Sequence[str]], dict[str, Computed]]


def crosscheck(study: Params, cell: str) -> None:
    """Check a cell against every library, and write the verdicts.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
        OurSideFailed: a method of ours has a bug.
    """
    study.cell(cell)
    limit = study.crosscheck.seconds

    def compute(which: Which, names: Sequence[str]) -> dict[str, Computed]:
        seconds = None if which == "own" else limit
        return processes.computed(which, names, processes.command_line(cell, which), seconds)

    with tracking.run(STAGE, cell, {"crosscheck": study.crosscheck, "seed": study.seed}) as run:
        checked = chosen(study)
        results, timing = compared(checked, compute)
        results[FIGURES], timing[f"{FIGURES}_other_seconds"] = _figures(cell)
        metrics = {
            "verdicts": comparison.counts(results),
            "draws": DRAWS,
            "bounds": {
                "largest": comparison.LARGEST,
                "mean": comparison.MEAN,
                "standard_errors": comparison.STANDARD_ERRORS,
                "reached": comparison.REACHED,
                "figures": figures.TOLERANCE,
            },
            "libraries": {name: version(name) for name in (*_packages(checked), FIGURES_LIBRARY)},
            "checks": results,
        }
        artifacts.write_metrics(STAGE, cell, metrics)
        artifacts.write_timing(STAGE, cell, timing)
        for name, result in results.items():
            print(f"{cell}: {name}: {said(result)}", flush=True)
        run.log_metrics(tracking.flattened(metrics["verdicts"]))
        run.log_results(metrics, paths.metrics(STAGE, cell))


def compared(
    checked: Mapping[str, Check], compute: Compute
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Compute both sides of checks, each library in a process of its own, and judge them.

    Returns:
        name -> its record (see `judged`); and the seconds that each side took.
    """
    own = compute("own", list(checked))
    results, timing = {}, {}
    for package in _packages(checked):
        named = {name: each for name, each in checked.items() if each.package == package}
        other = compute("other", [name for name in named if not own[name].error])
        for name, check in named.items():
            theirs = other.get(name, Computed())
            results[name] = judged(check, own[name], theirs)
            for which, side in (("own", own[name]), ("other", theirs)):
                if np.isfinite(side.seconds):
                    timing[f"{name}_{which}_seconds"] = round(side.seconds, 4)
    return {name: results[name] for name in checked}, timing


def _packages(checked: Mapping[str, Check]) -> list[str]:
    return list(dict.fromkeys(check.package for check in checked.values()))


def judged(check: Check, own: Computed, other: Computed) -> dict[str, Any]:
    """Return what data/metrics/crosscheck/<cell>.json says of a method.

    Returns:
        library; verdict; reason, where a side gave nothing; otherwise rows, and of each comparison,
        `same`, `draws` and `maps`, the numbers of `Difference`.
    """
    record: dict[str, Any] = {"library": check.package}
    if own.error:
        return record | {"verdict": NOT_COMPARED, "reason": own.error}
    if other.error:
        return record | {"verdict": UNSERVED, "reason": other.error}
    ours, theirs = own.arrays, other.arrays
    record["rows"] = len(ours["maps"])
    if check.reached:
        (reached, start), library = ours["maps"].T, theirs["maps"][:, 0]
        result, verdict = comparison.reached(reached, library, start)
        return record | {"verdict": verdict, "reached": result.record()}
    if any(ours[name].shape[1:] != theirs[name].shape[1:] for name in ours):
        return record | {"verdict": DIFFERS, "reason": "its maps are of another size than ours"}
    differences = {
        name: comparison.between_draws(ours[name], theirs[name])
        if name == "draws"
        else comparison.difference(ours[name], theirs[name], check.scaled and name == "maps")
        for name in ours
    }
    strict = [each for name, each in differences.items() if name != "maps"]
    defined = differences["maps"]
    if strict:
        verdict = comparison.judge(strict, defined, bool(check.meaning))
    else:
        verdict = comparison.judge([defined], None, False)
    return record | {"verdict": verdict} | {n: each.record() for n, each in differences.items()}


def said(result: dict[str, Any]) -> str:
    """Return a verdict in words, for the terminal."""
    library = result["library"]
    words = {
        AGREES: f"agrees with {library}",
        comparison.ON_PURPOSE: f"differs from {library} by definition, and agrees under its own",
        DIFFERS: f"differs from {library}",
        UNSERVED: f"{library} gives nothing",
        NOT_COMPARED: "not compared",
    }[result["verdict"]]
    return f"{words}: {result['reason']}" if "reason" in result else words


def _figures(cell: str) -> tuple[dict[str, Any], float]:
    record: dict[str, Any] = {"library": FIGURES_LIBRARY}
    try:
        found = figures.checked(cell)
    except UserError:
        raise
    except Exception as error:  # whatever a version of scikit-learn or pandas does not take
        return record | {"verdict": UNSERVED, "reason": tidied(error)}, 0.0
    seconds = round(found.pop("seconds"), 4)
    verdict = DIFFERS if found["wrong"] else AGREES
    return record | {"verdict": verdict, **found}, seconds
