"""The explaining bench: turns of scripted sides, the network handed over, and its own methods."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from bench.explain import measured
from bench.explaining import exchange
from bench.explaining.calls import Offer
from bench.explaining.project import METHODS, PASSES, Project, passes_of
from bench.explaining.settings import Settings
from bench.models import CLASSES, SHAPES
from bench.results import PROJECT, compare
from bench.turns import SideLost, Sides
from tests.bench.made import a_measurable_cell

OPTIONS = Namespace(rounds=3, seconds=0.0, limit=1.0, images=4)


class Scripted:
    """A side whose answers are made up: library -> times of its turns; an error is raised."""

    def __init__(self, name: str, **libraries: list[float | SideLost]) -> None:
        self.name, self.needed, self.stopped = name, name == PROJECT, False
        self.libraries: dict[str, Iterator[float | SideLost]] = {
            library.replace("_", " "): iter(turns) for library, turns in libraries.items()
        }

    def offered(self, method: str) -> list[str]:
        return list(self.libraries)

    def prepare(self, library: str, limit: float) -> Offer:
        return Offer(images=4) if library != "unfit" else Offer(reason="no such layer")

    def turn(self, library: str, seconds: float) -> list[tuple[float, float]]:
        answer = next(self.libraries[library])
        if isinstance(answer, SideLost):
            raise answer
        return [(answer, answer + 1), (answer + 1, 2 * answer)]

    def complaints(self) -> str:
        return ""

    def stop(self) -> None:
        self.stopped = True


def sides(*scripted: Any) -> Sides:
    made = Sides()
    own = Scripted(PROJECT, **{PROJECT: [1.0, 2.0, 3.0], "bare_passes": [0.5, 0.5, 0.5]})
    made.present = [own, *scripted]
    return made


def test_every_library_has_its_turn_in_every_round() -> None:
    present = sides(Scripted("peers", fast=[2.0, 1.5, 1.1], far_slower=[9.0], unfit=[]))
    beside, passes = measured("net", "saliency", present, OPTIONS)
    # What is several times slower has one turn: its script has no more.
    assert beside.sides == {
        PROJECT: [1.0, 2.0, 3.0],
        "fast": [2.0, 1.5, 1.1],
        "far slower": [9.0],
    }
    assert beside.absent == {"unfit": "no such layer"}
    assert beside.shares == {"the bare passes' speed": 0.5}
    assert compare(beside).ratio == pytest.approx(1.1) and compare(beside).met is False
    # The call with the least CPU time may be another than the fastest.
    assert beside.cpu == {PROJECT: [2.0, 3.0, 4.0], "fast": [3.0, 2.5, 2.1], "far slower": [10.0]}
    # Twice the bare passes' time, of which 1.2 times is the goal.
    assert passes.sides == {PROJECT: [1.0, 2.0, 3.0], PASSES: [0.5] * 3}
    assert passes.cpu == {PROJECT: [2.0, 3.0, 4.0], PASSES: [1.0] * 3}
    assert compare(passes).met is False


def test_a_side_that_is_lost_takes_its_libraries_with_it_and_no_others() -> None:
    gone = Scripted("peers", first=[1.1, SideLost("no answer")], second=[1.2, 1.2])
    stays = Scripted("others", third=[1.3, 1.3, 1.3])
    present = sides(gone, stays)
    beside, _ = measured("net", "saliency", present, OPTIONS)
    assert list(beside.sides) == [PROJECT, "third"]
    assert beside.absent == {"peers": "no answer"}
    assert gone.stopped and not stays.stopped
    # The next method is measured without it.
    assert gone not in present.present and present.lost == {"peers": "no answer"}


def test_the_bench_ends_without_the_project() -> None:
    present = sides()
    present.present[0].libraries[PROJECT] = iter([SideLost("it ended")])
    with pytest.raises(SideLost, match="it ended"):
        measured("net", "saliency", present, OPTIONS)


def test_passes_are_counted_as_the_methods_need_them() -> None:
    settings = Settings(noise=0.1, window=4, stride=2, segments=40, compactness=10.0)
    assert passes_of("occlusion", settings, (28, 28)) == ("forward", 13 * 13 + 1)
    assert passes_of("occlusion", settings, (5, 4)) == ("forward", 2 * 1 + 1)
    assert passes_of("smoothgrad", settings, (28, 28)) == ("gradient", 50)
    assert passes_of("lime", settings, (28, 28)) == ("forward", 1000)
    assert all(passes_of(method, settings, (32, 32))[1] >= 1 for method in METHODS)


@pytest.mark.parametrize(
    ("size", "window", "stride", "pads"),
    [
        (8, 3, 2, [0, 1, 0, 1]),  # TensorFlow pads at the end first; PyTorch would give 1, 1
        (7, 3, 2, [1, 1, 1, 1]),
        (8, 5, 2, [1, 2, 1, 2]),
        (8, 2, 2, [0, 0, 0, 0]),
    ],
)
def test_padding_same_is_handed_over_in_numbers(
    size: int, window: int, stride: int, pads: list[int]
) -> None:
    inputs = keras.Input((size, size, 1))
    layer = keras.layers.Conv2D(1, window, stride, "same", use_bias=False, name="conv")
    model = keras.Model(inputs, layer(inputs))
    assert exchange.layers_of(model)[-1].config["pads"] == pads
    image = np.random.default_rng(0).random((size, size), np.float32)
    top, bottom, left, right = pads
    padded = np.pad(image, ((top, bottom), (left, right)))
    kernel = exchange.weights_of(model)["conv/kernel"][:, :, 0, 0]
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    expected = np.asarray(model(image[None, :, :, None]))[0, :, :, 0]
    assert np.allclose((windows * kernel).sum(axis=(2, 3)), expected, atol=1e-5)


def test_the_projects_side_offers_every_method_and_hands_its_network_over(tmp_path: Path) -> None:
    project = Project(tmp_path, a_measurable_cell(), 2, folded=False)
    for method in METHODS:
        offered = project.offers(method)
        assert isinstance(offered[PROJECT], dict) and offered[PASSES], method
    project.offers("saliency")[PROJECT][""](1)
    layers, weights, inputs = exchange.read(tmp_path)
    assert layers[0].inputs == ()
    known = {layer.name for layer in layers}
    assert all(known.issuperset(layer.inputs) for layer in layers)
    assert sum(array.size for array in weights.values()) >= project.network.model.count_params()
    assert np.array_equal(inputs.images, project.images)
    assert inputs.logits.shape == (2, CLASSES)
    assert inputs.images.shape[1:] in SHAPES.values()
    assert inputs.layer in known


def test_a_layer_that_nobody_can_read_or_another_network_is_refused() -> None:
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(name="larger")(inputs))
    with pytest.raises(ValueError, match=r"'larger'.*UpSampling2D"):
        exchange.layers_of(model)
    logits = np.array([[1.0, -10.0]])
    exchange.require_same("PyTorch", logits + 9e-4, logits)
    for other in (logits + 2e-3, logits * np.nan):
        with pytest.raises(RuntimeError, match="PyTorch"):
            exchange.require_same("PyTorch", other, logits)
