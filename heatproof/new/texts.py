"""The files of a new study, cut from the repository's own, comments included.

So a new study's parameters are those of the published one, as far as it uses them, and its stages
are the same stages.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_COMPARISONS = ("shuffled", "compared", "published")  # of cells of the published study
_HEAD = """\
# Every hyperparameter of the study. `heatproof repro` runs what follows from it; DVC reruns only
# what a change touches. Values are checked when a stage starts: a mistake is named with its key.

budget: {}    # which of each model's schedules counts: cpu, paper (as published), best
"""


@dataclass(frozen=True)
class Contents:
    """What is a new study's own.

    dataset: its name. source: its entry in params.yaml, as text (see `entry`), none for that of the
    published study. models: their names. schedules: of each model, what differs from its default
    for this dataset, as a YAML mapping on a line. balance: of the training, and why, if it is not
    the published study's. folds: of each cross-validated model how many, and the seeds of its
    repetitions, None for the study's.
    """

    budget: str
    dataset: str
    source: str | None
    models: Sequence[str]
    schedules: dict[str, str]
    balance: tuple[str, str] | None = None
    folds: Mapping[str, tuple[int, Sequence[int | None]]] = field(default_factory=dict)


def params_text(real: str, study: Contents) -> str:
    """Return a new study's params.yaml, cut from the text of the published one's."""
    parts = sections(real)
    parts["budget"] = _HEAD.format(study.budget)
    head = _head(parts["datasets"], "datasets:")
    source = study.source or sections(parts["datasets"][len(head) :], indent=2)[study.dataset]
    parts["datasets"] = f"{head}{source.rstrip()}\n\n"
    if study.balance:
        parts["training"] = _balanced(parts["training"], *study.balance)
    # Of a dataset of the user's own nothing published counts, whatever its name.
    published = study.dataset if study.source is None else ""
    head = _head(parts["models"], "models:")
    models = sections(parts["models"][len(head) :], indent=2)
    chosen = (
        _scheduled(models[name], published, study, study.schedules.get(name, ""))
        for name in study.models
    )
    parts["models"] = head + "".join(chosen)
    parts["assess"] = re.sub(
        r"foreground: \[(.*)]", lambda listed: _only(published, listed), parts["assess"]
    )
    cells = "".join(
        f"  {model}-{study.dataset}: {{model: {model}, dataset: {study.dataset}}}\n"
        for model in study.models
    )
    parts["cells"] = f"{_head(parts['cells'], 'cells: &cells')}{cells}\n"
    parts["runs"] = f"{_head(parts['runs'], 'runs:')}  <<: *cells\n{_folds(study)}\n"
    for name in _COMPARISONS:
        parts[name] = _head(parts[name], f"{name}:").rstrip("\n") + " {}\n\n"
    text = "".join(parts.values()).rstrip("\n") + "\n"
    return text.replace("`make ", "`heatproof ")  # which works in any folder


def entry(dataset: str, blocks: Mapping[str, Any]) -> str:
    """Return a dataset's entry in params.yaml, each of its blocks, or a word for one, on a line."""
    lines = (
        f"    {key}: {block if isinstance(block, str) else json.dumps(block, ensure_ascii=False)}\n"
        for key, block in blocks.items()
    )
    return f"  {dataset}:\n{''.join(lines)}"


def pipeline_text(real: str, claims: bool = False) -> str:
    """Return a new study's dvc.yaml, from the text of the repository's.

    Args:
        real: the text of the repository's dvc.yaml.
        claims: whether the study has a claims.yaml; without, no stage reads one.
    """
    head, body = real.split("\nstages:\n", 1)
    stages = sections(body, indent=2)
    # The code is not in this folder: it is fingerprinted in every run.
    stages["fingerprint"] = re.sub(
        r"    deps:\n(      - .*\n)+", "    always_changed: true\n", stages["fingerprint"]
    )
    if not claims:
        del stages["claims"]
        stages["report"] = stages["report"].replace("      - data/claims.json\n", "")
    return f"{head}\nstages:\n{''.join(stages.values())}"


def sections(text: str, indent: int = 0) -> dict[str, str]:
    """Split YAML by the keys of one depth: of each the text, with the comment lines before it."""
    key = re.compile(rf" {{{indent}}}([A-Za-z_]\w*):")
    parts: dict[str, str] = {"": ""}
    current, waiting = "", ""
    for line in text.splitlines(keepends=True):
        if match := key.match(line):
            current = match[1]
            parts[current] = waiting + line
            waiting = ""
        elif line.strip() and not line.startswith(" " * (indent + 1)):
            waiting += line  # a comment on what follows
        elif waiting:
            waiting += line
        else:
            parts[current] += line
    parts[current] += waiting
    return {name: part for name, part in parts.items() if part}


def _head(part: str, key: str) -> str:
    """Return a section's comment and the line of its key."""
    head, line, _ = part.partition(f"{key}\n")
    return head + line


def _only(dataset: str, listed: re.Match) -> str:
    """Return the list of datasets without the others."""
    return f"foreground: [{dataset if dataset in listed[1].split(', ') else ''}]"


def _scheduled(model: str, published: str, study: Contents, schedule: str) -> str:
    """Return a model's entry with the schedules that serve a published dataset, and its own one."""
    served = re.sub(rf"(?m)^ {{8}}(?!default:|{published}:)\w+: .*\n", "", model)
    if not schedule:
        return served
    start = served.index(f"\n      {study.budget}:\n")
    own = re.sub(rf" {{8}}{study.dataset}: .*\n", "", served[start:])
    default = re.compile(r"( {8}default: .*\n)")
    line = f"        {study.dataset}: {schedule}\n"
    return served[:start] + default.sub(lambda found: found[1] + line, own, count=1)


def _balanced(training: str, balance: str, why: str) -> str:
    """Return the section with this way to balance classes, and why, in a comment above it."""
    key = re.compile(r"  balance: none *(?=#)")
    assert key.search(training)
    line = f"  # {why}\n{f'  balance: {balance}':30}"
    return key.sub(lambda _: line, training)  # a class's name may have a backslash


def _folds(study: Contents) -> str:
    """Return the runs that leave a fold out, a line each."""
    lines = []
    for model, (folds, seeds) in study.folds.items():
        for seed in seeds:
            own, given = ("", "") if seed is None else (f"-seed{seed}", f"seed: {seed}, ")
            lines += [
                f"  {model}-{study.dataset}{own}-fold{fold}of{folds}: {{model: {model}, dataset: "
                f"{study.dataset}, {given}fold: {fold}, folds: {folds}}}\n"
                for fold in range(1, folds + 1)
            ]
    comment = "  # Cross-validation; without these lines the study is quicker.\n"
    return comment + "".join(lines) if lines else ""
