"""Tables of measures: a row per method and control, a column per measure, with intervals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

SHADES = 6  # of the style sheet: .hit-0 to .hit-5
# A number in the metrics: mean, low, high, images.
Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A mean over images; `best` in its column, `few` if over fewer images than others.

    `detail` is shown beneath it: its interval, or the number of images where these are few.
    `shade`: of a rank, a class of the style sheet, the darkest for the best.
    """

    summary: Summary
    text: str
    detail: str
    few: bool
    best: bool
    shade: str = ""


@dataclass
class Column:
    """A measure of one cell, or of a part of its images: method or control -> its number.

    `group` and `label` are the measure's own if left out. `note` is shown under the label;
    `uninformative` says why the column does not distinguish the methods, and is empty if it does.
    `best`: whether the best methods are marked, where there are several and it distinguishes them.
    `ranks`: the content is ranks by the measure, of which the lowest is best, instead of its
    values.
    """

    measure: str
    content: Mapping[str, Summary]
    group: str = ""
    label: str = ""
    note: str = ""
    uninformative: str = ""
    best: bool = False
    ranks: bool = False
    meaning: str = field(init=False)

    def __post_init__(self) -> None:
        known = measures.describe(self.measure)
        self.label = self.label or known.label
        self.group = self.group or measures.GROUP_LABELS.get(known.group, known.group)
        self.meaning = known.meaning

    @cached_property
    def values(self) -> dict[str, Value]:
        """The numbers that are known, as they are shown."""
        known = {name: s for name, s in self.content.items() if numbers.known(s["mean"])}
        most = max((summary["images"] for summary in known.values()), default=0)
        few = {name for name, summary in known.items() if 2 * summary["images"] < most}
        best = self._best({name: s for name, s in known.items() if name not in few})
        decimals = self._decimals([abs(summary["mean"]) for summary in known.values()])
        last = sum(name not in measures.CONTROLS for name in known)
        return {
            name: Value(
                summary,
                numbers.decimal(summary["mean"], decimals),
                numbers.plural(summary["images"], "image")
                if name in few
                else _interval(summary, decimals),
                name in few,
                name in best,
                _shade(summary["mean"], last) if self.ranks else "",
            )
            for name, summary in known.items()
        }

    def _best(self, known: Mapping[str, Summary]) -> set[str]:
        merit = measures.describe(self.measure).merit
        merits = {
            name: round(-s["mean"] if self.ranks else merit(s["mean"]), 6)
            for name, s in known.items()
            if name not in measures.CONTROLS
        }
        marked = self.best and not self.uninformative and measures.wanted(self.measure)
        if not marked or len(merits) < 2:
            return set()
        return {name for name, each in merits.items() if each == max(merits.values())}

    def _decimals(self, means: list[float]) -> int:
        """As many decimals as show differences between typical values of the measure."""
        largest = max(means, default=1.0)
        return 1 if self.ranks else 3 if largest < 0.2 else 2 if largest < 20 else 0


@dataclass
class Table:
    """Columns of numbers, and the methods and controls that have a row."""

    columns: list[Column]
    methods: list[str]
    controls: list[str]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The name and the width of each group of neighbouring columns."""
        return [(g, len(list(each))) for g, each in groupby(self.columns, lambda c: c.group)]

    @property
    def uninformative(self) -> list[Column]:
        """The columns that do not distinguish the methods."""
        return [column for column in self.columns if column.uninformative]

    def parted(self) -> tuple["Table | None", "Table | None"]:
        """Part the columns: those that distinguish the methods, and those that do not."""
        told, silent = (
            table(c for c in self.columns if bool(c.uninformative) == which)
            for which in (False, True)
        )
        return told, silent

    @property
    def few(self) -> bool:
        """Whether a method's number is a mean over fewer images than others of its column."""
        values = (column.values.get(name) for column in self.columns for name in self.methods)
        return any(value is not None and value.few for value in values)

    def by_mean(self, measure: str) -> "Table":
        """Sort the methods by the mean of one measure's columns, the largest first."""
        of_measure = [c.values for c in self.columns if c.measure == measure]

        def mean(name: str) -> float:
            means = [values[name].summary["mean"] for values in of_measure if name in values]
            return sum(means) / len(means) if means else float("-inf")

        return Table(self.columns, sorted(self.methods, key=mean, reverse=True), self.controls)


def of_cell(assess: dict[str, Any], names: Iterable[str], best: bool = True) -> Table | None:
    """The table of a cell's measures, those of `names` that it has; None where it has none."""
    return table(source(assess, name, best=best) for name in names if name in assess["measures"])


def source(assess: dict[str, Any], measure: str, group: str = "", best: bool = True) -> Column:
    """A measure of a cell as a column, with notes on chance and controls, the best marked."""
    above = assess["uninformative"].get(measure, [])
    column = Column(
        measure, assess["measures"][measure], group, note=measures.wanted(measure), best=best
    )
    masks = assess.get("masks")
    if measures.describe(measure).group == "truth" and masks and numbers.known(masks["share"]):
        column.note += f"; chance {numbers.decimal(masks['share'], 2)}"
    if above:
        one_sided = measures.describe(measure).one_sided
        column.note += f"; {'a control passes' if one_sided else 'uninformative here'}"
        reason = measures.consequence(measure)
        column.uninformative = f"{measures.controls_above(above)}: {reason}"
    return column


def table(sources: Iterable[Column]) -> Table | None:
    """Make the table of these columns; None where no column has a row."""
    filled = [source for source in sources if source.content]
    names = {name: None for source in filled for name in source.content}
    controls = [name for name in measures.CONTROLS if name in names]
    of_methods = methods.ordered(name for name in names if name not in controls)
    return Table(filled, of_methods, controls) if filled else None


def plain(mean: float | None, images: int = 0) -> Summary:
    """A number without an interval."""
    return {"mean": mean, "low": None, "high": None, "images": images}


def _shade(rank: float, last: int) -> str:
    """Shade a rank from 1, the best, to `last`; a control's may be one more."""
    share = (last - rank) / (last - 1) if last > 1 else 1.0
    return f"hit-{min(SHADES - 1, max(0, int(SHADES * share)))}"


def _interval(summary: Summary, decimals: int) -> str:
    ends = [summary["low"], summary["high"]]
    if not all(map(numbers.known, ends)):
        return ""
    return " to ".join(numbers.decimal(end, decimals).removesuffix(".0") for end in ends)
