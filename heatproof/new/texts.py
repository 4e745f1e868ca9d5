"""The files of a new study, cut from the repository's own, comments included.

So a new study's parameters are those of the published one, as far as it uses them, and its stages
are the same stages.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Of cells of the published study.
_LISTS = ("saved", "derived", "members", "shuffled", "compared", "published", "corrupted",
          "evaluate_on", "concepts", "inversions", "influenced", "tune")  # fmt: skip
_HEAD = """\
# Every hyperparameter of the study. `heatproof repro` runs what follows from it; DVC reruns only
# what a change touches. Values are checked when a stage starts: a mistake is named with its key.

budget: {}    # which of each model's schedules counts: cpu, paper (as published), best
"""


@dataclass(frozen=True)
class Contents:
    """What is a new study's own.

    datasets: of each its entry in params.yaml, as text (see `entry`), none for that of the
    published study. models: their names. schedules: of each model, what differs from its default
    for these datasets, as a YAML mapping on a line. balance: of the training, and why, if it is not
    the published study's. folds: of each cross-validated model how many, and the seeds of its
    repetitions, None for the study's. few_images: how many of each class runs are trained on, and
    from which seeds, all images among them. saved: networks that exist already, in the place of
    models: of each the options of its `network`, as params.yaml has them.
    """

    budget: str
    datasets: Mapping[str, str | None]
    models: Sequence[str]
    schedules: dict[str, str]
    balance: tuple[str, str] | None = None
    folds: Mapping[str, tuple[int, Sequence[int | None]]] = field(default_factory=dict)
    few_images: tuple[Sequence[int], Sequence[int | None]] = ((), ())
    saved: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The model and the dataset of each."""
        models = (*self.saved, *self.models)
        return [(model, dataset) for dataset in self.datasets for model in models]


def params_text(real: str, study: Contents) -> str:
    """Return a new study's params.yaml, cut from the text of the published one's."""
    parts = sections(real)
    parts["budget"] = _HEAD.format(study.budget)
    head = _head(parts["datasets"], "datasets:")
    known = sections(parts["datasets"][len(head) :], indent=2)
    sources = (source or known[name] for name, source in study.datasets.items())
    parts["datasets"] = head + "".join(f"{source.rstrip()}\n" for source in sources) + "\n"
    if study.balance:
        parts["training"] = _balanced(parts["training"], *study.balance)
    # Of a dataset of the user's own nothing published counts, whatever its name.
    published = [name for name, source in study.datasets.items() if source is None]
    head = _head(parts["models"], "models:")
    models = sections(parts["models"][len(head) :], indent=2)
    chosen = (
        _scheduled(models[name], published, study, study.schedules.get(name, ""))
        for name in study.models
    )
    opened = "".join(
        f"  {name}:\n    network: {_line(network)}\n\n" for name, network in study.saved.items()
    )
    parts["models"] = head + opened + "".join(chosen)
    parts["assess"] = re.sub(
        r"foreground: \[(.*)]", lambda listed: _only(published, listed), parts["assess"]
    )
    for name in _LISTS:
        parts[name] = _emptied(parts[name], name)
    _list_cells(parts, study)
    text = "".join(parts.values()).rstrip("\n") + "\n"
    return text.replace("`make ", "`heatproof ")  # which works in any folder


def _list_cells(parts: dict[str, str], study: Contents) -> None:
    """Put a study's cells into the sections that list them: saved ones are no runs."""
    named = [
        (f"  {model}-{dataset}", f"model: {model}, dataset: {dataset}", model)
        for model, dataset in study.cells
    ]
    cells = "".join(f"{name}: {{{entry}}}\n" for name, entry, _ in named)
    head = _head(parts["cells"], "cells:").rstrip("\n")
    parts["cells"] = f"{head} &cells\n{cells}\n"
    if not study.saved:
        runs = f"  <<: *cells\n{_folds(study)}{_few(study)}\n"
        parts["runs"] = f"{_head(parts['runs'], 'runs:')}{runs}"
        return
    parts["runs"] = _emptied(parts["runs"], "runs")
    saved = "".join(
        f"{name}: {{{entry}, file: {_line(study.saved[model]['file'])}}}\n"
        for name, entry, model in named
    )
    parts["saved"] = parts["saved"].replace("\nsaved: {}\n", f"\nsaved:\n{saved}")


def entry(dataset: str, blocks: Mapping[str, Any]) -> str:
    """Return a dataset's entry in params.yaml, each of its blocks, or a word for one, on a line."""
    lines = (
        f"    {key}: {block if isinstance(block, str) else _line(block)}\n"
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


def _line(block: Any) -> str:
    return json.dumps(block, ensure_ascii=False)


def _head(part: str, key: str) -> str:
    """Return a section's comment and the line of its key."""
    head, line, _ = part.partition(f"{key}\n")
    return head + line


def additions(real: str, names: Collection[str]) -> str:
    """Return sections that a params.yaml of an earlier version lacks, to be put at its end.

    Args:
        real: the text of the published study's, whose lists of its own cells are left out.
        names: of the sections.
    """
    parts = sections(real)
    chosen = {name: parts[name] for name in parts if name in names}
    chosen |= {name: _emptied(parts[name], name) for name in chosen if name in _LISTS}
    return "".join(f"\n{text.strip()}\n" for text in chosen.values())


def _emptied(part: str, name: str) -> str:
    """Return a list's section, comments included, without what it lists."""
    lines = part.splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
    return "".join(lines[:start]) + f"{name}: {{}}\n\n"


def _only(datasets: Sequence[str], listed: re.Match) -> str:
    """Return the list of datasets without the others."""
    return f"foreground: [{', '.join(each for each in listed[1].split(', ') if each in datasets)}]"


def _scheduled(model: str, published: Sequence[str], study: Contents, schedule: str) -> str:
    """Return a model's entry with the schedules that serve published datasets, and its own ones."""
    served = re.sub(rf"(?m)^ {{8}}(?!(?:{'|'.join(['default', *published])}):)\w+: .*\n", "", model)
    if not schedule:
        return served
    start = served.index(f"\n      {study.budget}:\n")
    own = re.sub(rf" {{8}}(?:{'|'.join(study.datasets)}): .*\n", "", served[start:])
    default = re.compile(r"( {8}default: .*\n)")
    lines = "".join(f"        {dataset}: {schedule}\n" for dataset in study.datasets)
    return served[:start] + default.sub(lambda found: found[1] + lines, own, count=1)


def _balanced(training: str, balance: str, why: str) -> str:
    """Return the section with this way to balance classes, and why, in a comment above it."""
    key = re.compile(r"  balance: none *(?=#)")
    assert key.search(training)
    line = f"  # {why}\n{f'  balance: {balance}':30}"
    return key.sub(lambda _: line, training)  # a class's name may have a backslash


def _folds(study: Contents) -> str:
    """Return the runs that leave a fold out, a line each."""
    lines = [
        _run(model, dataset, seed, f"-fold{fold}of{folds}", f"fold: {fold}, folds: {folds}")
        for model, dataset in study.cells
        if model in study.folds
        for folds, seeds in [study.folds[model]]
        for seed in seeds
        for fold in range(1, folds + 1)
    ]
    comment = "  # Cross-validation; without these lines the study is quicker.\n"
    return comment + "".join(lines) if lines else ""


def _few(study: Contents) -> str:
    """Return the runs on few images of each class, and those of further seeds on all, by line."""
    numbers, seeds = study.few_images
    lines = []
    for model, dataset in study.cells if numbers else ():
        lines += [
            _run(model, dataset, seed, f"-{number}perclass", f"train_images_per_class: {number}")
            for number in sorted(numbers)
            for seed in seeds
        ]
        lines += [_run(model, dataset, seed) for seed in seeds if seed is not None]
    comment = "  # Few images of each class, and all, each drawn by several seeds.\n"
    return comment + "".join(lines) if lines else ""


def _run(model: str, dataset: str, seed: int | None, ending: str = "", more: str = "") -> str:
    """Return a run's line: of the study's seed, where that is None."""
    name = f"{model}-{dataset}{'' if seed is None else f'-seed{seed}'}{ending}"
    given = [f"model: {model}", f"dataset: {dataset}", *([] if seed is None else [f"seed: {seed}"])]
    return f"  {name}: {{{', '.join([*given, *([more] if more else [])])}}}\n"
