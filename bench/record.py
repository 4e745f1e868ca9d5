"""What each bench does with what it measures: print it, keep it, and say which goals are missed."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine, results, table
from bench.results import Measurement


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a bench's command line: its module's docstring as help, and `--results`."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--results", type=Path, metavar="FILE", help="note what is measured in this file too"
    )
    return made


@contextmanager
def into(file: Path | None) -> Iterator[Callable[..., None]]:
    """Yield a function that takes measurements; afterwards exit with 1 where one missed its goal.

    Args:
        file: of results, in which each measurement is kept at once; None for none.
    """
    missed: list[str] = []
    others = machine.Others()

    def take(*measured: Measurement) -> None:
        for each in measured:
            print(*table.lines(each), sep="\n", flush=True)
            if results.compare(each).met is False:
                missed.append(each.case)
        if file is not None:
            when = {"date": machine.today(), "others": round(others.cores(), 2)}
            results.put(file, measured, machine.description() | when)

    yield take
    if missed:
        print(f"missed: {', '.join(missed)}")
        sys.exit(1)
