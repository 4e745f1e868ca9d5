"""What a program is called where it runs: by make in the repository, else as `heatproof`."""

from pathlib import Path


def command(name: str, cell: str = "") -> str:
    """Return the words that call a program in the current folder, for a cell if one is named."""
    if Path("Makefile").exists():
        return f"make {name}{f' CELL={cell}' if cell else ''}"
    return f"heatproof {name}{f' {cell}' if cell else ''}"  # a study in a folder of its own


def report_line() -> str:
    """Say where the current folder's report is, as a link that a terminal opens; "" if nowhere."""
    from heatproof.report.site import REPORTS  # with all that draws: most programs need none of it

    page = REPORTS / "index.html"
    return f"The report: {page.resolve().as_uri()}" if page.exists() else ""
