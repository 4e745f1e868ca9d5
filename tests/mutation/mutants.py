"""`make mutants`: would the tests notice if an explainer or a measure were wrong?

Changes one small thing at a time in a seeded sample of places in heatproof/trust, attribution,
features and counterfactuals (mutating.py), and runs the quick tests of that module. A mutant that
fails one, or does not end, is killed; one that survives is a missing assertion, or the same program
in other words, and then equivalent_mutants.yaml says why. Each runs in a fork of this process,
which has loaded TensorFlow but not used it.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tests.mutation.mutants")

import argparse
import ast
import contextlib
import functools
import importlib
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from tests.mutation import mutating
from tests.mutation.mutating import Mutant

PACKAGES = ("trust", "attribution", "features", "counterfactuals")
FILES = 4  # of tests that a module is tried with, its own first; some are imported everywhere
# Pictures, whose sizes and margins are a matter of taste.
DRAWINGS = ("attribution/core/panel.py", "features/feature_figure.py")
EQUIVALENT = Path("tests/mutation/equivalent_mutants.yaml")
COUNT, SEED, GOAL = 110, 1, 0.85
KILLED, SURVIVED, TIMED_OUT, SAME = "killed", "survived", "timed out", "equivalent"
PYTEST = ("-o", "addopts=--import-mode=importlib --strict-markers", "-x", "-q", "-m",
          "not slow and not thorough", "-p", "no:cacheprovider", "-p", "no:xdist")  # fmt: skip
# Loaded once, before all forks: what the tests' files import and what takes long.
# fmt: off
LOADED = ("pytest", "tests.conftest", "tensorflow", "keras", "scipy.ndimage",
          "skimage.segmentation", "sklearn.linear_model", "pandas", "matplotlib.pyplot")
# fmt: on


@dataclass(frozen=True)
class Place:
    """A mutant's module, as a path below heatproof/, and its number there."""

    module: str
    number: int

    @property
    def path(self) -> Path:
        """Its file."""
        return Path("heatproof") / self.module

    @property
    def name(self) -> str:
        """Its name for `import`."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")


class _Instead:
    """Has another file loaded in a module's place.

    A file, because TensorFlow compiles functions from the lines of theirs.
    """

    def __init__(self, place: Place, file: Path) -> None:
        self.place, self.file = place, file

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None):
        if name != self.place.name:
            return None
        inside = [str(self.place.path.parent)] if self.place.path.stem == "__init__" else None
        return importlib.util.spec_from_file_location(
            name, self.file, submodule_search_locations=inside
        )


def places() -> list[Place]:
    """Return every mutant there is."""
    paths = [p for name in PACKAGES for p in sorted((Path("heatproof") / name).rglob("*.py"))]
    modules = [path.relative_to("heatproof").as_posix() for path in paths]
    return [
        Place(module, number)
        for module in modules
        if module not in DRAWINGS
        for number in range(
            mutating.count((Path("heatproof") / module).read_text(encoding="utf-8"))
        )
    ]


@functools.cache
def imported(path: Path) -> set[str]:
    """Return the names of modules, and of what is taken from them, that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def tests_of(place: Place) -> list[str]:
    """Return the test files of a module: its own first, then those that import it.

    The package's, if there are any, else those of the stages. Where there are none, those of the
    modules that import it, and then the package's others.
    """
    folder = Path("tests", *place.path.parts[1:-1])
    while not folder.is_dir():
        folder = folder.parent
    others = (Path("tests"), Path("tests/stages"))
    files = [*sorted(folder.rglob("test_*.py"))]
    files += [file for other in others for file in sorted(other.glob("test_*.py"))]
    wanted, seen = {place.name}, set()
    while wanted:
        own = {f"test_{name.rpartition('.')[2]}.py" for name in wanted}
        candidates = [file for file in files if file.name in own or imported(file) & wanted]
        candidates = [file for file in candidates if file.is_relative_to(folder)] or candidates
        if candidates:
            first = sorted(candidates, key=lambda file: file.name not in own)
            return [str(file) for file in first[:FILES]]
        seen |= wanted
        wanted = {
            Place(path.relative_to("heatproof").as_posix(), 0).name
            for path in Path("heatproof").rglob("*.py")
            if imported(path) & wanted
        } - seen
    # A registry imports it by its name.
    return [str(file) for file in files if file.is_relative_to(folder)][:FILES]


def tried(tests: Sequence[str], seconds: float, instead: _Instead | None = None) -> str:
    """Run tests in a fork, with another file in a module's place; return the outcome."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _test(tests, instead)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return SURVIVED if os.waitstatus_to_exitcode(status) == 0 else KILLED
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


def _test(tests: Sequence[str], instead: _Instead | None) -> None:
    """Run tests, say nothing, and end this process with pytest's exit code."""
    code = 1
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if instead:
            sys.meta_path.insert(0, instead)
        code = int(importlib.import_module("pytest").main([*PYTEST, *tests]))
    finally:
        os._exit(code)


class Trial:
    """Tries mutants one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.limits: dict[tuple[str, ...], float] = {}

    def limit(self, tests: tuple[str, ...]) -> float:
        """Return how long tests may take, in seconds. Raises UserError if they fail as it is."""
        if tests not in self.limits:
            began = time.monotonic()
            if (outcome := tried(tests, 600)) != SURVIVED:
                raise UserError(f"{' '.join(tests)}: {outcome} without any mutant; fix that first")
            self.limits[tests] = 3 * (time.monotonic() - began) + 20
        return self.limits[tests]

    def of(self, place: Place) -> tuple[Mutant, str]:
        """Try a mutant; return what it changes, and the outcome."""
        source, mutant = mutating.mutated(place.path.read_text(encoding="utf-8"), place.number)
        file = self.folder / f"{place.name}.{place.number}.py"
        file.write_text(source, encoding="utf-8")
        tests = tuple(tests_of(place))
        return mutant, tried(tests, self.limit(tests), _Instead(place, file))


def why_equivalent(place: Place, mutant: Mutant) -> str:
    """Return why a mutant is the same program, as it is written down; empty if it is not."""
    known = read_yaml(EQUIVALENT) if EQUIVALENT.exists() else []
    return next(
        (
            each["why"] for each in known or ()
            if (each["module"], each["was"], each["becomes"])
            == (place.module, mutant.was, mutant.becomes)
        ),
        "",
    )  # fmt: skip


def main() -> None:
    """Try a sample of mutants; exit with 1 if fewer than the goal are killed."""
    parser = argparse.ArgumentParser(
        prog="make mutants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--count", type=int, default=COUNT, help="how many mutants")
    parser.add_argument("--seed", type=int, default=SEED, help="of the sample")
    parser.add_argument("--only", default="", help="modules with this in their path")
    arguments = parser.parse_args()
    known = [place for place in places() if arguments.only in place.module]
    size = min(arguments.count, len(known))
    sample = sorted(random.Random(arguments.seed).sample(known, size), key=lambda each: each.module)
    print(f"{size} of {len(known)} mutants, seed {arguments.seed}", flush=True)
    for name in LOADED:
        importlib.import_module(name)
    counts: dict[str, int] = dict.fromkeys((KILLED, SURVIVED, TIMED_OUT, SAME), 0)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        for place in sample:
            mutant, outcome = trial.of(place)
            why = why_equivalent(place, mutant) if outcome == SURVIVED else ""
            outcome = SAME if why else outcome
            counts[outcome] += 1
            print(f"{outcome:10} {place.path}:{mutant.line}: {mutant.was} → {mutant.becomes}"
                  f"{why and f' ({why})'}", flush=True)  # fmt: skip
    killed, tried_all = counts[KILLED] + counts[TIMED_OUT], size - counts[SAME]
    share = killed / max(tried_all, 1)
    print(f"{killed} of {tried_all} mutants killed ({share:.0%}), {counts[TIMED_OUT]} of them by "
          f"time; {counts[SAME]} more are the same program in other words")  # fmt: skip
    if share < GOAL:
        print(
            f"error: under {GOAL:.0%}: each survivor above is a missing assertion", file=sys.stderr
        )
        sys.exit(1)
