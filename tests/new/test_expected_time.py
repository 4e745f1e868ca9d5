"""What is expected of stages: passes that are known, times speeds that are given."""

from functools import cache
from pathlib import Path

import pytest

from heatproof.attribution import registry
from heatproof.attribution.core.method import ATTENTION, Passes
from heatproof.attribution.core.sizes import resolved
from heatproof.config import params
from heatproof.config.params import Params
from heatproof.new import expected_time
from heatproof.new.expected_time import Speed, of_stages
from heatproof.storage import stage_seconds
from heatproof.trust.measure import Work
from heatproof.trust.registry import FAMILIES
from tests import overlay
from tests.scratch import ROOT, real_params

NO_CELLS = ("shuffled", "compared", "published")
CELL, SHAPE, TRAINING, TESTS = "simple_cnn-mnist", (32, 32, 1), {"a": 200, "b": 300}, 100


@cache
def study() -> Params:
    return params.load(ROOT / "params.yaml")


def stages(*, attends: bool = False, **speed: float) -> dict[str, float]:
    """Return each stage's seconds but for what every stage takes."""
    known = dict.fromkeys(("step", "forward", "gradient", "tracing"), 0.0) | speed
    given = Speed(**known, attends=attends)
    expected = of_stages(study(), CELL, given, SHAPE, TRAINING, TESTS)
    return {name: seconds - expected_time._START for name, seconds in expected.items()}


def test_each_stage_has_what_its_options_ask_for() -> None:
    epochs = study().run(CELL).schedule.epochs
    assert stages(step=2.0)["train"] == pytest.approx(epochs * (2 * 500 + expected_time._EPOCH))
    forward = stages(forward=1.0)
    assert forward["evaluate"] == 600
    # 20 images, half of which may be explained twice; squares of 4 pixels, 2 apart: 15 by 15.
    options = {name: resolved(o, SHAPE[:2]) for name, o in study().explain.perturbation.items()}
    each = 15 * 15 + options["rise"].masks + options["lime"].samples
    each += options["sobol"].pairs * (6 * 6 + 2) + options["hsic"].masks
    assert forward["explain_perturbation"] == pytest.approx(30 * each)
    assert stages(gradient=1.0)["explain_perturbation"] == 0
    measures = {n: resolved(o, SHAPE[:2]) for n, o in study().assess.measures}
    # The controls and the squares, which are the same for every map, are those of the first family.
    maps = len(options)
    curves = 20 * maps * 3 * 2 * (measures["faithfulness"].steps - 1)
    curves += 20 * maps * measures["saco"].groups
    # Removed pixels are filled in, or of the mean colour, in both orders.
    curves += min(20, measures["road"].images) * maps * 2 * 2 * measures["road"].steps
    again = resolved(study().assess.slow_methods, SHAPE[:2]).images * each
    steps, samples = measures["randomisation"].steps, measures["robustness"].samples
    expected = curves + again * (2 * steps + samples + 1)
    assert forward["measure_perturbation"] == pytest.approx(expected)
    searched = study().explain.counterfactual
    assert stages(gradient=1.0)["explain_counterfactual"] == searched.images * searched.steps


def test_methods_of_attention_take_nothing_of_a_network_without_it() -> None:
    every = {name: registry.methods()[name] for name in study().explain.gradients}
    each = [method for method in every.values() if method.needs == ATTENTION]
    gradients = sum(method.passes(method.options(), SHAPE[:2]).gradients for method in each)
    with_them, without = (stages(attends=attends, gradient=1.0) for attends in (True, False))
    more = {name: seconds - without[name] for name, seconds in with_them.items()}
    assert more.pop("explain_gradients") == pytest.approx(30 * gradients)
    assert more.pop("measure_gradients") > 0 == max(more.values())
    with_them, without = (stages(attends=attends, tracing=1.0) for attends in (True, False))
    assert with_them["explain_gradients"] - without["explain_gradients"] == len(each) > 0


def test_a_pretrained_networks_images_pass_once_for_their_features() -> None:
    cell = "efficientnet_lite0-mnist"
    entry = {"model": "efficientnet_lite0", "dataset": "mnist"}
    cells = {name: {cell: entry} for name in ("cells", "runs")}
    pretrained = study().model_validate(real_params() | cells | {key: {} for key in NO_CELLS})
    schedule = pretrained.run(cell).schedule
    assert schedule.head and schedule.augment
    speed = Speed(step=2.0, forward=0.5, gradient=0.0, tracing=0.0)
    expected = of_stages(pretrained, cell, speed, SHAPE, TRAINING, TESTS)["train"]
    epochs = schedule.epochs + schedule.head.epochs
    known = schedule.epochs * 2 * 500 + schedule.head.copies * 0.5 * 500
    assert expected == pytest.approx(expected_time._START + known + epochs * expected_time._EPOCH)


def test_a_line_says_each_stage_and_their_sum() -> None:
    told = expected_time.line(("net-birds", {"train": 90.0, "evaluate": 30.0}))
    assert told == "net-birds: about 2 min 00 s (train 1 min 30 s, evaluate 30.0 s)"


@pytest.mark.parametrize("name", registry.methods())
def test_what_is_slow_takes_many_passes(name: str) -> None:
    method = registry.methods()[name]
    passes = method.passes(resolved(method.options(), (32, 32)), (32, 32))
    assert (passes.forward + passes.gradients >= 50) == (method.cost == "slow")


@pytest.mark.parametrize("name", FAMILIES)
def test_measures_take_no_fewer_passes_of_more_images(name: str) -> None:
    options = getattr(study().assess.measures, name, None)
    options = options and resolved(options, (32, 32))
    one, two = (
        FAMILIES[name].passes(options, Work(n, 5, Passes(n, n), Passes(n, n), first=True))
        for n in (1, 2)
    )
    assert (two.forward, two.gradients) == (2 * one.forward, 2 * one.gradients)


def test_a_new_study_begins_with_what_is_expected(tmp_path: Path) -> None:
    cells = {"a-mine": {"train": 9.0, "evaluate": 2.0}, "saved-mine": {"evaluate": 3.0}}
    expected_time.begin_with(tmp_path, cells)
    known = stage_seconds.read(tmp_path)
    assert (known["train@a-mine"], known["evaluate_saved@saved-mine"]) == (9.0, 3.0)
    pipeline = overlay.read(ROOT / "dvc.yaml")["stages"]
    each = {n for n, s in pipeline.items() if s.get("foreach") in (None, "${datasets}", "${cells}")}
    assert each - {"claims"} <= {name.partition("@")[0] for name in known}
