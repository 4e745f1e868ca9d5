"""Run the benches, one after the other, and print one table: `python -m bench`

Each bench is a process of its own and notes what it measured in bench/results.json as soon as it
has it; a part measured again replaces what it had noted. With all of them that takes hours, on a
machine that should have nothing else to do. Exits with 1 where a bench failed or missed a goal;
the others run all the same. `--quick` runs the same benches with fewer rounds, networks and images
(PARTS has their options), leaves out those that take minutes at their least or need what `make
repro` makes, and keeps what it measured in bench/quick.json.

  python -m bench                            all parts
  python -m bench --quick                    the headlines, in ten minutes at most
  python -m bench --only training memory     these
  python -m bench --only trust -- --rounds 1     with options of that bench
  python -m bench --show                     only print the file
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.__main__")

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import results, table
from heatproof.run.errors import UserError, nearest

ROOT = Path(__file__).resolve().parents[1]
RESULTS, QUICK_RESULTS = Path("bench/results.json"), Path("bench/quick.json")


class Part(NamedTuple):
    """A bench: its module, and its options with `--quick`, None where it is left out then."""

    module: str
    quick: str | None = None


# In this order: the machine's limits first, what takes longest last.
PARTS = {
    "limits": Part("bench.limits", "--rounds 2 --seconds 2"),
    "startup": Part("bench.startup", "train report --rounds 2"),
    "report": Part("bench.report"),
    "gallery": Part("bench.gallery"),
    "playground": Part("bench.playground"),
    "reading": Part("bench.reading", "--rounds 3"),
    "nothing-to-do": Part("bench.dvc_floor"),
    "one-change": Part("bench.one_change"),
    "jobs": Part("bench.jobs"),
    "cluster": Part("bench.cluster.__main__"),
    "trust": Part("bench.trust", "--models simple_cnn --rounds 3 --seconds 3"),
    "training": Part("bench.train", "--models simple_cnn efficient_cnn --rounds 3 --seconds 2"),
    "memory": Part("bench.memory"),
    "large-images": Part("bench.large_images"),
    "families": Part("bench.families"),
    "many-images": Part("bench.many_images"),
    "explaining": Part("bench.explain", "--models simple_cnn --rounds 3 --seconds 0.2 --limit 2"),
}
INTERRUPTED = 130


def main() -> None:
    """Measure what was asked for, print the table; exit with 1 if a bench failed or missed."""
    own, handed_on = _divided(sys.argv[1:])
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="ten minutes instead of hours")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, metavar="FILE")
    options = parser.parse_args(own)
    wanted = chosen(options.only, options.quick)
    file = (options.results or (QUICK_RESULTS if options.quick else RESULTS)).resolve()
    if options.show:
        print(table.text_of(results.get(file)))
        return
    if file.exists():
        results.get(file)  # a foreign file is refused now rather than after hours
    started = time.monotonic()
    failed = run_all({part: [*words, *handed_on] for part, words in wanted.items()}, file)
    print(f"\n{len(wanted)} parts in {(time.monotonic() - started) / 60:.1f} minutes")
    print(f"\n{table.text_of(results.get(file))}" if file.exists() else "nothing was measured")
    if failed:
        print(*(f"{part}: {why}" for part, why in failed.items()), sep="\n", file=sys.stderr)
        sys.exit(1)


def chosen(names: Sequence[str] | None, quick: bool = False) -> dict[str, list[str]]:
    """Return the parts in the order in which they run, each with its module and its options.

    Args:
        names: as the user wrote them; None: all.
        quick: with the options that make them quick, and those alone that have some.

    Raises:
        UserError: there is no such part, or none that is quick.
    """
    known = [name for name, part in PARTS.items() if not quick or part.quick is not None]
    for name in known if names is None else names:
        if name not in known:
            also = " with --quick" if quick and name in PARTS else ""
            raise UserError(
                f"--only {name}: unknown{also}{nearest(name, known)}; known: {', '.join(known)}"
            )
    wanted = [name for name in known if names is None or name in names]
    options = {name: (PARTS[name].quick or "") if quick else "" for name in wanted}
    return {name: [PARTS[name].module, *options[name].split()] for name in wanted}


def run_all(benches: Mapping[str, Sequence[str]], file: Path) -> dict[str, str]:
    """Run benches one after the other.

    Args:
        benches: part -> the module that measures it, and its options.
        file: where they note what they measured.

    Returns:
        part -> what went wrong, of those that failed or missed a goal.

    Raises:
        SystemExit: after Ctrl-C, which the bench had too.
    """
    failed = {}
    for place, (part, (module, *options)) in enumerate(benches.items(), 1):
        shown = " ".join([module, *options])
        print(f"\n== {part} ({place} of {len(benches)}): python -m {shown}", flush=True)
        words = [sys.executable, "-m", module, "--results", str(file), *options]
        process = subprocess.Popen(words, cwd=ROOT)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            _interrupted(part, file)
        if code in (INTERRUPTED, -2):
            _interrupted(part, file)
        if code:
            failed[part] = f"ended with {code}: what it printed above says which goal or why"
    return failed


def kept_in(file: Path) -> str:
    """Return which parts a results file has, for the user."""
    parts: dict[str, int] = {}
    for measurement, _ in results.get(file) if file.exists() else []:
        parts[measurement.part] = parts.get(measurement.part, 0) + 1
    return ", ".join(f"{part} ({count})" for part, count in parts.items()) or "nothing yet"


def _interrupted(part: str, file: Path) -> None:
    print(
        f"interrupted in {part}. Kept in {file.name}, with the number of cases: {kept_in(file)}; "
        "`python -m bench --show` prints it, `--only` measures parts again",
        file=sys.stderr,
    )
    sys.exit(INTERRUPTED)


def _divided(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words before and after a lone `--`."""
    place = list(words).index("--") if "--" in words else len(words)
    return list(words[:place]), list(words[place + 1 :])
