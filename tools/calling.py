"""What a program is called where it runs: by make in the repository, else as `heatproof`."""

from pathlib import Path


def command(name: str, cell: str = "", options: str = "") -> str:
    """Return the words that call a program in the current folder.

    Args:
        name: of the program.
        cell: the cell that it is called for, if one is named.
        options: of the program, as after its name; make takes them as a variable.
    """
    if Path("Makefile").exists():
        more = f'{name.upper().replace("-", "_")}="{options}"' if options else ""
        return " ".join(filter(None, ("make", name, f"CELL={cell}" if cell else "", more)))
    # A study in a folder of its own.
    return " ".join(filter(None, ("heatproof", name, cell, options)))


def report_line() -> str:
    """Say where the current folder's report is, as a link that a terminal opens; "" if nowhere."""
    from heatproof.report.site import REPORTS  # with all that draws: most programs need none of it

    page = REPORTS / "index.html"
    return f"The report: {page.resolve().as_uri()}" if page.exists() else ""
