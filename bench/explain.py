"""Speed of every explanation method beside the libraries': `python -m bench.explain`

Milliseconds per image: the project's, the bare forward or forward-backward passes that the method
needs (their number times the best batched pass), and every library that has the method:
tf-keras-vis, SHAP and LIME on TensorFlow, Captum, pytorch-grad-cam, SHAP and LIME on PyTorch. Same
weights (handed over, and refused unless the logits agree), same images, same sample counts, same
threads, the same superpixels' settings; and beside them those on TensorFlow at their defaults, as
someone calls them who sets nothing. Each side is a process of its own; they take turns, round by
round, and are stopped while another is timed, so that whatever else the machine does falls on all
of them. Each library is called in several ways (batch sizes) and the fastest counts; what is
several times slower than the project gets one turn only, and what takes too long for all images
gets fewer. What is missing or fails is named, with the reason, and the others go on.

The ratios are of the best calls, which is what others' load on a shared machine harms least. Exits
with 1 where a goal is missed: on every network at least 1.2 times as fast as the best library, and
at most 1.2 times the bare passes. Which of them cannot be reached, and what the floor is:
docs/explanation/results.md.

PyTorch's side needs an environment of its own, as the project does without PyTorch:
    python -m venv .venv-peers && .venv-peers/bin/pip install -r bench/requirements-peers.txt
(see there for PyTorch's own index).
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.explain")

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import machine, peers, record
from bench.explaining.calls import Explainer
from bench.explaining.project import METHODS, PASSES
from bench.models import measurable, require_known
from bench.results import PROJECT, Measurement
from bench.turns import Sides, Start
from heatproof.config import params

PART = "explaining"
FASTER_THAN_PEERS = 1.2
OVER_BARE_PASSES = 1.2
MODELS = ("simple_cnn", "mobilenet_v2", "resnet18")
NEEDED = ("torch", "captum")
ON_TENSORFLOW, ON_PYTORCH = "libraries on TensorFlow", "libraries on PyTorch"
FAR_SLOWER = 3.0  # times the project's: measured once, and left at that


def main() -> None:
    """Measure each method on each model; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
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
    machine.warn_if_busy()
    print(f"{options.images} images per call, {study.threads} threads", flush=True)
    with record.into(options.results) as take:
        for model in wanted:
            for each in measurements(model, cells[model], torch, study.threads, options):
                take(*each)


def measurements(
    model: str,
    cell: str,
    torch: peers.Environment,
    threads: int,
    options: argparse.Namespace,
) -> Iterator[list[Measurement]]:
    """Measure each method on one model."""
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
        "TQDM_DISABLE": "1",
        # What NumPy, SciPy, scikit-learn and PyTorch take for their threads.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)),
    }
    folded = ["--folded"] if options.folded else []
    images = ["--images", str(options.images)]
    sides = Sides[Explainer]({ON_PYTORCH: torch.absent} if torch.absent else {})
    with tempfile.TemporaryDirectory() as folder:

        def add(name: str, python: Path | str, module: str, *words: str) -> None:
            command_line = [str(python), "-m", f"bench.explaining.{module}", folder, *words]
            start = Start(name, command_line, environment, needed=name == PROJECT)
            sides.add(Explainer(start, options.patience))

        try:
            # One after the other: the first writes what the others read.
            add(PROJECT, sys.executable, "project", "--cell", cell, *images, *folded)
            add(ON_TENSORFLOW, sys.executable, "keras_libraries", "--cell", cell)
            if not torch.absent:
                add(ON_PYTORCH, torch.python, "torch_libraries", "--threads", str(threads))
            for method in (name for name in METHODS if name in options.methods):
                yield measured(model, method, sides, options, torch)
        finally:
            sides.stop()


def measured(
    model: str,
    method: str,
    sides: Sides[Explainer],
    options: argparse.Namespace,
    torch: peers.Environment | None = None,
) -> list[Measurement]:
    """Measure one method on one model: every library in turn, round by round."""
    rounds: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    side_of: dict[str, Explainer] = {}
    absent: dict[str, str] = {}
    calls: list[str] = []
    for side in tuple(sides.present):
        with sides.asking(side):
            for library in side.offered(method):
                # Only what is compared may be measured on fewer images.
                fewer = library not in (PROJECT, PASSES)
                offer = side.prepare(library, options.limit if fewer else math.inf)
                if offer.reason:
                    absent[library] = offer.reason
                    continue
                side_of[library], rounds[library], cpu[library] = side, [], []
                if offer.images < options.images:
                    calls.append(f"{library}: {offer.images} images only")
    for _ in range(options.rounds):
        for library, times in rounds.items():
            side, ours = side_of[library], rounds.get(PROJECT)
            far_slower = times and ours and min(times) > FAR_SLOWER * min(ours)
            if side in sides.present and not far_slower:
                with sides.asking(side):
                    calls_taken = side.turn(library, options.seconds)
                    times.append(min(wall for wall, _ in calls_taken))
                    cpu[library].append(min(used for _, used in calls_taken))
    # What a lost side has measured would be compared with rounds that it took no part in.
    rounds, cpu = (
        {name: times for name, times in of.items() if side_of[name] in sides.present}
        for of in (rounds, cpu)
    )
    if torch and not torch.absent:
        calls.insert(0, f"in the peers' environment {torch}")
    return judged(f"{model} {method}", rounds, cpu, absent | sides.lost, "; ".join(calls))


def judged(
    case: str,
    rounds: dict[str, list[float]],
    cpu: dict[str, list[float]],
    absent: dict[str, str],
    note: str = "",
) -> list[Measurement]:
    """Return a method's measurement beside the libraries, and beside the bare passes it needs.

    Args:
        case: model and method.
        rounds: library -> ms per image, the best call of each turn.
        cpu: of CPU time, likewise.
        absent: library -> why it was not measured.
        note: what a reader has to know.
    """
    bare, bare_cpu = rounds.pop(PASSES, []), cpu.pop(PASSES, [])
    ours = rounds.get(PROJECT, [])
    shares = {"the bare passes' speed": min(bare) / min(ours)} if ours and bare else {}
    goals: Sequence[Measurement] = [
        Measurement(
            PART,
            case,
            "ms per image",
            "less",
            rounds,
            absent,
            FASTER_THAN_PEERS,
            shares,
            note,
            cpu=cpu,
        )
    ]
    if not ours or not bare:
        return [*goals]
    sides = {PROJECT: ours, PASSES: bare}
    passes = Measurement(
        PART,
        f"{case}, {PASSES}",
        "ms per image",
        "less",
        sides,
        goal=1 / OVER_BARE_PASSES,
        cpu={PROJECT: cpu[PROJECT], PASSES: bare_cpu},
    )
    return [*goals, passes]
