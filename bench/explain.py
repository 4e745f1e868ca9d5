"""Speed of every explanation method beside the libraries': `python -m bench.explain`

Prints milliseconds an image: the project's, the bare forward or forward-backward passes that the
method needs (their number times the best batched pass), and every library that has the method:
tf-keras-vis, SHAP and LIME on TensorFlow, Captum, pytorch-grad-cam, SHAP and LIME on PyTorch. Same
weights (handed over, and refused unless the logits agree), same images, same sample counts, same
threads, the same superpixels' settings; and beside them those on TensorFlow at their defaults, as
someone calls them who sets nothing. Each side is a process of its own; they take turns, round by
round, and are stopped while another is timed, so that whatever else the machine does falls on all
of them. Each library is called in several ways (batch sizes) and the fastest counts; what is
several times slower than the project gets one turn only, and what takes too long for all images
gets fewer. What is missing or fails is said, with the reason, and the others go on.

The ratios are of the best calls, which is what others' load on a shared machine harms least; beside
them stands the median. Exits with 1 where a goal is missed: on every network at least 1.2 times as
fast as the best library, and at most 1.2 times the bare passes.

PyTorch's side needs an environment of its own, as the project does without PyTorch:
    python -m venv .venv-peers && .venv-peers/bin/pip install -r bench/requirements-peers.txt
(see there for PyTorch's own index).
"""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, peers, results
from bench.explaining import table
from bench.explaining.project import METHODS, PASSES
from bench.explaining.turns import Side, SideLost
from bench.models import measurable, require_known
from bench.results import PROJECT
from heatproof.config import params
from heatproof.run import command

MODELS = ("simple_cnn", "mobilenet_v2", "resnet18")
NEEDED = ("torch", "captum")
OURS, ON_TENSORFLOW, ON_PYTORCH = "project", "libraries on TensorFlow", "libraries on PyTorch"
FAR_SLOWER = 3.0  # times the project's: measured once, and left at that


def main() -> None:
    """Print the table; exit with 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=MODELS, help="of params.yaml, or all")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each library")
    parser.add_argument("--seconds", type=float, default=0.5, help="a turn's least length")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of one call at most")
    parser.add_argument("--images", type=int, default=16)
    peers.option(parser)
    parser.add_argument(
        "--folded", action="store_true", help="hand PyTorch the folded network that we explain"
    )
    parser.add_argument("--patience", type=float, default=900.0, help="seconds, then given up")
    results.option(parser)
    options = parser.parse_args()
    study = params.load()
    cells = measurable(study)
    wanted = list(cells) if options.models == ["all"] else options.models
    require_known(wanted, cells, "all")
    torch = peers.find(options.peers, NEEDED)
    if torch.absent:
        print(
            f"without PyTorch's side, so without the fastest peers: {torch.absent} "
            f"({options.peers}); make it with\n{peers.how_to_make(options.peers)}"
        )
    load.warn()
    print(
        f"ms an image: best and median of all calls in {options.rounds} rounds; {options.images} "
        f"images a call, {study.threads} threads\n{table.HEAD}",
        flush=True,
    )
    missed: list[str] = []
    for model in wanted:
        for row in rows(model, cells[model], torch, study.threads, options):
            print(*row.lines(), sep="\n", flush=True)
            missed += row.misses()
            note = "" if torch.absent else f"in the peers' environment {torch}"
            results.keep(options.results, row.measurement(note))
    print(*(f"missed: {line}" for line in missed), sep="\n")
    if missed:
        sys.exit(1)


def rows(
    model: str,
    cell: str,
    torch: peers.Environment,
    threads: int,
    options: argparse.Namespace,
) -> Iterator[table.Row]:
    """Measure each method on one model."""
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
        "TQDM_DISABLE": "1",
        # What NumPy, SciPy, scikit-learn and PyTorch take for their threads.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)),
    }
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def start(name: str, python: Path | str, module: str, *words: str) -> Side:
            command_line = [str(python), "-m", f"bench.explaining.{module}", folder, *words]
            side = Side(name, command_line, environment, options.patience)
            stack.callback(side.stop)
            return side

        # One after the other: the first writes what the others read.
        folded = ["--folded"] if options.folded else []
        count = str(options.images)
        own = start(OURS, sys.executable, "project", "--cell", cell, "--images", count, *folded)
        sides = Sides([own], {ON_PYTORCH: torch.absent} if torch.absent else {})
        for name, python, module, *words in (
            (ON_TENSORFLOW, sys.executable, "keras_libraries", "--cell", cell),
            (ON_PYTORCH, torch.python, "torch_libraries", "--threads", str(threads)),
        ):
            if name in sides.lost:
                continue
            try:
                sides.here.append(start(name, python, module, *words))
            except SideLost as reason:
                sides.lost[name] = str(reason)
        for method in (name for name in METHODS if name in options.methods):
            yield measured(model, method, sides, options)


@dataclass
class Sides:
    """The processes that take turns.

    here: those that answer, the project's first. lost: the others -> why they are not there.
    """

    here: list[Side]
    lost: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def asking(self, side: Side) -> Iterator[None]:
        """Go on without a side that is lost when it is asked something; not without the project.

        Raises:
            SideLost: it is the project's.
        """
        try:
            yield
        except SideLost as reason:
            if side is self.here[0]:
                raise
            side.stop()
            self.here.remove(side)
            self.lost[side.name] = str(reason)


def measured(model: str, method: str, sides: Sides, options: argparse.Namespace) -> table.Row:
    """Measure one method on one model: every library in turn, round by round."""
    found: dict[str, table.Times] = {}
    timed_by: dict[str, Side] = {}
    absent: dict[str, str] = {}
    for side in tuple(sides.here):
        with sides.asking(side):
            for library in side.offered(method):
                # Only what is compared may be measured on fewer images.
                fewer = library not in (PROJECT, PASSES)
                offer = side.prepare(library, options.limit if fewer else math.inf)
                if offer.reason:
                    absent[library] = offer.reason
                else:
                    timed_by[library] = side
                    found[library] = table.Times(library, offer.way, offer.images)
    for _ in range(options.rounds):
        for library, times in found.items():
            ours, side = found.get(PROJECT), timed_by[library]
            far_slower = times.calls and ours and times.best > FAR_SLOWER * ours.best
            if side in sides.here and not far_slower:
                with sides.asking(side):
                    times.add(side.turn(library, options.seconds))
    # What a lost side has measured would be compared with rounds that it took no part in.
    found = {library: times for library, times in found.items() if timed_by[library] in sides.here}
    ours, bare = found.pop(PROJECT, None), found.pop(PASSES, None)
    absent |= sides.lost
    return table.Row(model, method, options.images, ours, bare, list(found.values()), absent)


if __name__ == "__main__":
    command.run(main)
