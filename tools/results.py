"""The README's results table, made from metrics/ so that it cannot tell anything else.

`python -m tools.results` writes it into README.md between its two markers; a test compares them.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.results")

import sys
from pathlib import Path

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, atomic

README = Path("README.md")
START, END = "<!-- results -->", "<!-- end of results -->"


def table() -> str:
    """Return a Markdown table of the current folder's study, one row a cell.

    Raises:
        UserError: a cell has no metrics.
    """
    study = params.load()
    rows = [
        "| model | dataset | test accuracy | 95 % interval | macro F1 | parameters | FLOPs "
        "| epochs × images | training |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, cell in study.cells.items():
        measured = artifacts.read_metrics("evaluate", name)
        trained = artifacts.read_metrics("train", name)
        seconds = artifacts.read_timing("train", name).get("train_seconds")
        rows.append(
            f"| {cell.model} | {cell.dataset} "
            f"| {measured['accuracy']:.2%} "
            f"| {measured['accuracy_low']:.2%} – {measured['accuracy_high']:.2%} "
            f"| {measured['macro_f1']:.3f} "
            f"| {measured['parameters']:,} "
            f"| {measured['flops'] / 1e6:.1f} M "
            f"| {trained['epochs_run']} × {trained['train_images']:,} "
            f"| {'–' if seconds is None else f'{seconds / 60:.1f} min'} |"
        )
    return "\n".join(rows)


def replaced(text: str, content: str) -> str:
    """Return `text` with what stands between the markers replaced by `content`.

    Raises:
        UserError: a marker is missing.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise UserError(f"{README}: the markers {START} and {END} are missing: put them back")
    return f"{before}{START}\n{content}\n{END}{after}"


def main() -> None:
    text = README.read_text(encoding="utf-8")
    atomic.write_text(README, replaced(text, table()))
    sys.stdout.write(f"{README}: results table written\n")
