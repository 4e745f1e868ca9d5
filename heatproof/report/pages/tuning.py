"""The page on a cell's search for parameters: what was found, whether it is better, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config.runs import Run
from heatproof.datasets.parts import training_parts
from heatproof.report import navigation, rendering
from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.report.sections.outcomes import as_typed
from heatproof.statistics import numbers
from heatproof.storage.atomic import write_text
from heatproof.storage.records import Dataset
from heatproof.tuning.comparison import Comparison
from heatproof.tuning.trials import Trial

_CURVES = 8  # lines of one chart, each of a colour of its own


@dataclass(frozen=True)
class Tuned:
    """What a search came to.

    run: the cell's own. trials: all that are over. before: the values that params.yaml had when
    the search began. importances: of parameters, from 0 to 1; empty where they are unknown.
    compared: the best values and those before, from new seeds; None where that was not asked for.
    difference: of params.yaml, as a unified diff, empty where there is none. command: that resumes
    the search. apply: the one that takes the best values over.
    """

    cell: str
    run: Run
    dataset: Dataset
    trials: Sequence[Trial]
    best: Trial
    before: Mapping[str, Any]
    importances: Mapping[str, float]
    compared: Comparison | None
    difference: str
    command: str
    apply: str

    @property
    def images(self) -> int:
        """How many images validate."""
        return len(validation_rows(self.run, self.dataset))

    def findings(self) -> list[str]:
        """Say what it came to, in sentences."""
        accuracy = numbers.percent(self.best.result.accuracy, self.images)
        count = numbers.plural(len(self.trials), "trial")
        if self.best.values == self.before:
            return [
                f"No trial of {count} was better than the values that params.yaml had: {accuracy} "
                "of the validation images."
            ]
        found = [
            f"The best of {count} is number {self.best.number}: {accuracy} of "
            f"{numbers.plural(self.images, 'validation image')}. As the highest of many it is "
            "partly luck."
        ]
        if self.compared is None:
            return [*found, "It was not compared with the values before, from new seeds."]
        sides = self.compared.before, self.compared.best
        if all(side.accuracies for side in sides):
            before, best = (side.text(self.images) for side in sides)
            found.append(f"From new seeds its values give {best}, those before {before}.")
        return [*found, self.compared.finding()]


def validation_rows(run: Run, dataset: Dataset) -> np.ndarray:
    """Return the images that validate a run, int64 (n,), as rows of the training images."""
    return training_parts(run, dataset)[1]


def write(tuned: Tuned, page: Path, report: Path) -> None:
    """Write the page.

    Args:
        tuned: what the search came to.
        page: its file.
        report: the site's folder, beside that of the page; linked to if it exists.
    """
    templates = rendering.environment()
    pages = {path.relative_to(report).as_posix() for path in report.rglob("*.html")}
    templates.globals["has_claims"] = "claims.html" in pages
    data_pages = sorted(path for path in pages if path.startswith("datasets/"))
    first = data_pages[0].removesuffix(".html") if data_pages else ""
    templates.globals["site_links"] = navigation.pages(pages, first)
    values = {
        "static": rendering.static("tuning.css"),
        "tuned": tuned,
        "charts": [each for each in (history_chart(tuned.trials), curves_chart(tuned)) if each],
        "own_validation": tuned.dataset.validation is not None,
        "measured": "accuracy" if tuned.run.training.balance == "none" else "balanced accuracy",
        "as_typed": as_typed,
        "value": value,
        "root": f"../{report.name}/",
        "pages": pages,
    }
    write_text(page, rendering.page(templates, "tuning.html", values))


def history_chart(trials: Sequence[Trial]) -> Chart | None:
    """Draw each trial's accuracy, and the best until then."""
    complete = [(t.number, t.result.accuracy) for t in trials if t.result.accuracy is not None]
    if len(complete) < 2:
        return None
    xs = [float(number) for number, _ in complete]
    accuracies = [float(accuracy) for _, accuracy in complete]
    best = [max(accuracies[: place + 1]) for place in range(len(accuracies))]
    dots = list(zip(xs, accuracies, strict=True))
    summary = (
        f"The best validation accuracy rises from {numbers.percent(accuracies[0])} in the first "
        f"trial to {numbers.percent(best[-1])}; the dots are single trials."
    )
    return line_chart(
        "Validation accuracy by trial",
        [Series("best so far", 0, xs, best, samples=dots)],
        x_title="trial", as_percent=True, summary=summary,
    )  # fmt: skip


def curves_chart(tuned: Tuned) -> Chart | None:
    """Draw the epochs of the best trials, and of those that were ended early."""
    shown = sorted(
        (trial for trial in tuned.trials if trial.result.curve and trial.same_as is None),
        key=lambda trial: -(trial.result.accuracy or 0),
    )[:_CURVES]
    if max((len(trial.result.curve) for trial in shown), default=0) < 2:
        return None
    series = [
        Series(
            f"trial {trial.number}",
            slot,
            [float(epoch) for epoch in range(1, len(trial.result.curve) + 1)],
            list(trial.result.curve),
        )
        for slot, trial in enumerate(shown)
    ]
    title = f"Validation accuracy by epoch, of the best {numbers.plural(len(shown), 'trial')}"
    return line_chart(title, series, x_title="epoch", as_percent=True)


def value(content: Any) -> str:
    """Return a parameter's value as one would type it, a fraction in four digits."""
    return as_typed(float(f"{content:.4g}") if isinstance(content, float) else content)
