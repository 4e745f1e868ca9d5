"""Each family of methods beside its bare passes, on large images: `python -m bench.families`

CPU seconds per image of all methods of a stage family, with the study's options for such images,
beside those of the bare forward and forward-backward passes that they need: as many as the methods'
records say (`Method.passes`; of integrated gradients as many as the path took), in batches of the
size in which the methods ask the network. The two take turns, round by round, and the least of each
counts, which is what others' load on a shared machine harms least. The network's weights are
random: what a pass costs does not depend on them. Maps that are made again for a stability of their
own, as LIME's from other seeds, are left out.

Exits with 1 where a family takes more than 1.2 times its bare passes.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.families", uses="tensorflow")

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bench import machine, record
from bench.explaining.project import disturb, images_of
from bench.large_images import study as large_study
from bench.results import PROJECT, Measurement
from heatproof.attribution import registry
from heatproof.attribution.core.method import Context, Passes, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.config import params
from heatproof.counterfactuals import counterfactual_search
from heatproof.models.build import build_model
from heatproof.run import runtime
from tests import overlay

PART = "families"
GOAL = 1 / 1.2
BARE = "bare passes"
BACKBONES = ("MobileNetV2", "EfficientNetLite0")
FAMILIES = ("gradients", "perturbation", "shapley")
CLASSES = 10
BATCHES = 12  # of bare passes in a turn, at most


def main() -> None:
    """Measure each family of each network; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--backbones", nargs="+", default=BACKBONES, help="published networks")
    parser.add_argument(
        "--families",
        nargs="*",
        choices=FAMILIES,
        default=FAMILIES,
        help="of methods; none for the counterfactual search alone",
    )
    parser.add_argument("--methods", nargs="+", help="these alone")
    parser.add_argument("--pixels", type=int, default=224, help="of a side")
    parser.add_argument("--images", type=int, default=4, help="that are explained")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    options = parser.parse_args()
    machine.warn_if_busy()
    with record.into(options.results) as take:
        for backbone in options.backbones:
            bench = Bench(backbone, options.pixels, options.images)
            for family in options.families:
                listed = getattr(bench.study.explain, family)
                names = [name for name in listed if name in (options.methods or listed)]
                if names:
                    take(*bench.measured(family, names, options.rounds))
            if not options.methods:
                take(bench.counterfactuals(options.rounds))


class Bench:
    """A network of large images, and what is measured of it."""

    def __init__(self, backbone: str, pixels: int, images: int) -> None:
        self.name = f"{backbone.lower()} {pixels}×{pixels}"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "params.yaml"
            overlay.write(file, large_study(backbone.lower(), pixels, images, backbone))
            self.study = params.load(file)
        runtime.configure(self.study.threads, self.study.seed)
        shape = (pixels, pixels, 3)
        (cell,) = self.study.cells
        model = build_model(self.study.run(cell), shape, CLASSES)
        disturb(model, self.study.seed)
        self.network = Network(model)
        self.context = Context(images_of(100, shape, seed=1), self.study.seed)
        self.images = images_of(images, shape, seed=2).astype(np.float32) / 255
        self.targets = self.network.logits(self.images).argmax(axis=1)
        size = self.network.batch_size
        batch = tf.constant(np.resize(self.images, (size, *shape)))
        targets = tf.constant(np.resize(self.targets, size))
        logits = self.network.compiled("logits", self.network.logits_of)
        gradients = self.network.compiled("gradients", self.network.gradients_of)
        self.bare: dict[str, Callable[[], Any]] = {
            "forward": lambda: logits(batch).numpy(),
            "gradients": lambda: gradients(batch, targets).numpy(),
        }
        self.batch_size = size

    def measured(self, family: str, names: list[str], rounds: int) -> list[Measurement]:
        """Measure a family as a whole, and beside it each of its methods.

        Args:
            family: of a stage.
            names: its methods.
            rounds: how many turns each side gets.
        """
        found, total, needed = [], 0.0, 0.0
        for name in names:
            method = registry.methods()[name]
            options = resolved(getattr(self.study.explain, family)[name], self.context.size)
            if "stability_images" in type(options).model_fields:
                options = options.model_copy(update={"stability_images": 0})
            explain = method.with_options(options, self.context)
            case = f"{self.name} {name}"
            try:
                # What is set up once.
                first = explain(self.network, self.images, self.targets)
            except UnsupportedNetwork as reason:
                found.append(self._compared(case, [], [], absent={PROJECT: str(reason)}))
                continue
            needed_passes = method.passes(options, self.context.size)
            if "steps" in first.numbers:  # as many as the path took, which no record knows before
                needed_passes = Passes(gradients=float(first.numbers["steps"].mean()))
            ours, bare = [], []
            for _ in range(rounds):
                bare.append(self._bare_seconds(needed_passes))
                used = _cpu_seconds(lambda e=explain: e(self.network, self.images, self.targets))
                ours.append(used / len(self.images))
            found.append(self._compared(case, ours, bare))
            total, needed = total + min(ours), needed + min(bare)
        return [*found, self._compared(f"{self.name} {family}", [total], [needed], goal=GOAL)]

    def counterfactuals(self, rounds: int) -> Measurement:
        """Measure the search for counterfactuals, beside a gradient for each of its steps.

        Args:
            rounds: how many turns each side gets.
        """
        options = self.study.explain.counterfactual
        # Whole batches of the search: others are filled up.
        images = np.resize(self.images, (counterfactual_search.BATCH, *self.images.shape[1:]))
        targets = (np.resize(self.targets, len(images)) + 1) % CLASSES
        needed = Passes(gradients=options.steps, forward=counterfactual_search.HALVINGS)
        ours, bare = [], []
        for turn in range(1 + rounds):
            seconds = _cpu_seconds(
                lambda: counterfactual_search.search(self.network, images, targets, options)
            )
            if turn:  # the first compiles
                ours.append(seconds / len(images))
                bare.append(self._bare_seconds(needed))
        return self._compared(f"{self.name} counterfactuals", ours, bare, goal=GOAL)

    def _bare_seconds(self, passes: Passes) -> float:
        """Return the CPU seconds of an image's passes, from enough of them to be measured."""
        seconds = 0.0
        for kind, count in (("forward", passes.forward), ("gradients", passes.gradients)):
            if count:
                batches = max(1, min(BATCHES, round(count * len(self.images) / self.batch_size)))
                once = _cpu_seconds(lambda k=kind, n=batches: [self.bare[k]() for _ in range(n)])
                seconds += once * count / (batches * self.batch_size)
        return seconds

    def _compared(
        self, case: str, ours: list[float], bare: list[float], **rest: Any
    ) -> Measurement:
        sides = {PROJECT: ours, BARE: bare}
        return Measurement(PART, case, "s of CPU per image", "less", sides, **rest)


def _cpu_seconds(function: Callable[[], Any]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


if __name__ == "__main__":
    main()
