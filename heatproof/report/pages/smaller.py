"""The page on networks that were derived from others: what was saved, and what became of maps."""

from typing import Any

from heatproof.report.sections import smaller
from heatproof.report.study import Study


def context(study: Study) -> dict[str, Any]:
    """The values of the template smaller.html."""
    cells = {cell.name: cell for cell in study.cells}
    rows, open_ = smaller.rows(study.derived, cells)
    return {
        "params": study.params,
        "rows": rows,
        "open": open_,
        "chart": smaller.chart(study.derived),
        "labels": smaller.LABELS,
        "top": study.params.compare_runs.top,
        "pages": set(cells),
    }
