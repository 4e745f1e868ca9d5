"""What `dvc exp show --json` says, as the page on experiments reads it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from heatproof.config.params import PARAMS
from heatproof.report.sections.outcomes import Outcome, Start
from heatproof.run.tracking import flattened
from heatproof.storage import paths

FIGURES = ("accuracy", "accuracy_low", "accuracy_high", "majority_accuracy", "val_accuracy",
           "macro_f1", "ece", "parameters", "flops")  # fmt: skip
# Of a fold of cross-validation there is only the accuracy: its figures belong to its cell's.
_OF_A_RUN = {"accuracy", "accuracy_low"}
# DVC's states of an experiment that has not finished, and where the reader may look.
STATES = {
    "queued": "it waits in the queue",
    "running": "it is running",
    "failed": "see `dvc queue logs {}`",
}


def starts(content: list[dict[str, Any]], subjects: Mapping[str, str], head: str) -> list[Start]:
    """Read the JSON; experiments are in the order of their names, the present commit is first.

    Args:
        content: the list that DVC prints, the workspace among it or not.
        subjects: commit -> the first line of its message.
        head: the present commit.
    """
    found = []
    for entry in content:
        rev = entry.get("rev") or ""
        if rev == "workspace":
            continue
        experiments = sorted(
            map(_experiment, entry.get("experiments") or []), key=lambda e: (e.name, e.order)
        )
        baseline = _outcome("baseline", entry)
        found.append(Start(rev, subjects.get(rev, ""), rev == head, baseline, tuple(experiments)))
    return sorted(found, key=lambda each: not each.current)


def _experiment(each: dict[str, Any]) -> Outcome:
    tip = (each.get("revs") or [{}])[0]
    name = str(each.get("name") or tip.get("name") or (tip.get("rev") or "unnamed")[:7])
    outcome = _outcome(name, tip)
    state = (each.get("executor") or {}).get("state")
    if state not in STATES:
        return outcome
    # A figure of an experiment that has not finished would be the baseline's.
    return replace(
        outcome, status=state, note=outcome.note or STATES[state].format(name), figures={}
    )


def _outcome(name: str, tip: dict[str, Any]) -> Outcome:
    data, error = tip.get("data"), tip.get("error")
    if not data:
        message = (error or {}).get("msg") or "DVC knows nothing of it"
        return Outcome(name, "failed", " ".join(str(message).split()))
    params = ((data.get("params") or {}).get(str(PARAMS)) or {}).get("data")
    return Outcome(
        name=name,
        order=str(data.get("timestamp") or ""),
        note="" if params is not None else f"its {PARAMS} cannot be read",
        params=flattened(params or {}),
        figures=_figures(data.get("metrics") or {}),
        outputs={
            path: out["hash"]
            for path, out in (data.get("outs") or {}).items()
            if out.get("use_cache") and out.get("hash")
        },
    )


def _figures(metrics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for path, content in metrics.items():
        headline = (content or {}).get("data")
        run = Path(path).stem
        if Path(path) == paths.headline("evaluate", run) and isinstance(headline, Mapping):
            known = {n: headline[n] for n in FIGURES if isinstance(headline.get(n), int | float)}
            if known.keys() >= _OF_A_RUN:
                figures[run] = known
    return figures
