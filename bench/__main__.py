"""Run the benches, one after the other, and print one table: `python -m bench`

Each bench is a process of its own and notes what it measured in bench/results.json as soon as it
has it; a part measured again replaces what it had noted. With all of them that takes hours, on a
machine that should have nothing else to do. Exits with 1 where a bench failed or missed a goal;
the others run all the same.

  python -m bench                            all parts
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
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import results, table
from heatproof.run.errors import UserError, nearest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("bench/results.json")
# In this order: the machine's limits first, what takes longest last.
PARTS = {
    "limits": "bench.limits",
    "startup": "bench.startup",
    "report": "bench.report",
    "gallery": "bench.gallery",
    "playground": "bench.playground",
    "reading": "bench.reading",
    "nothing-to-do": "bench.dvc_floor",
    "one-change": "bench.one_change",
    "jobs": "bench.jobs",
    "cluster": "bench.cluster.__main__",
    "trust": "bench.trust",
    "training": "bench.train",
    "memory": "bench.memory",
    "large-images": "bench.large_images",
    "families": "bench.families",
    "many-images": "bench.many_images",
    "explaining": "bench.explain",
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
    parser.add_argument(
        "--only", nargs="+", metavar="PART", default=list(PARTS), help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--show", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(own)
    wanted = chosen(options.only)
    file = options.results.resolve()
    if options.show:
        print(table.text_of(results.get(file)))
        return
    if file.exists():
        results.get(file)  # a foreign file is refused now rather than after hours
    failed = run_all({part: PARTS[part] for part in wanted}, file, handed_on)
    print(f"\n{table.text_of(results.get(file))}" if file.exists() else "nothing was measured")
    if failed:
        print(*(f"{part}: {why}" for part, why in failed.items()), sep="\n", file=sys.stderr)
        sys.exit(1)


def chosen(names: Sequence[str]) -> list[str]:
    """Return the parts in the order in which they run. Raises UserError for one there is none of.

    Args:
        names: as the user wrote them.
    """
    for name in names:
        if name not in PARTS:
            raise UserError(
                f"--only {name}: unknown{nearest(name, list(PARTS))}; known: {', '.join(PARTS)}"
            )
    return [part for part in PARTS if part in names]


def run_all(modules: Mapping[str, str], file: Path, options: Sequence[str]) -> dict[str, str]:
    """Run benches one after the other.

    Args:
        modules: part -> the module that measures it.
        file: where they note what they measured.
        options: words for each of them.

    Returns:
        part -> what went wrong, of those that failed or missed a goal.

    Raises:
        SystemExit: after Ctrl-C, which the bench had too.
    """
    failed = {}
    for place, (part, module) in enumerate(modules.items(), 1):
        print(f"\n== {part} ({place} of {len(modules)}): python -m {module}", flush=True)
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
