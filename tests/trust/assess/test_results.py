"""What assessing a cell writes: every measure by family, all side by side."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.attribution.registry import methods
from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.trust import verdict
from heatproof.trust.assess import assess
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import base
from heatproof.trust.measures import infidelity
from heatproof.trust.measuring import measure
from heatproof.trust.preparation import prepare
from heatproof.trust.registry import MEASURES
from heatproof.trust.verdict_outcomes import outcomes_of
from tests.trust.assess.assessed_cell import BESIDE_SHUFFLED, CELL, measured, write_accuracy


def test_every_method_gets_a_verdict_and_no_control_is_of_use(
    assessed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what the stage wrote: the object's mask is no truth, so that nothing is said of it."""
    monkeypatch.chdir(assessed)
    metrics = artifacts.read_metrics("assess", CELL)
    found = verdict.read(params.load(), CELL)
    assert found is not None and metrics["mask"] == "foreground"
    assert set(found.methods) == set(artifacts.read_maps(CELL, STAGE_FAMILIES).maps)
    for each in found.methods.values():
        names = [outcome.name for outcome in each.tests]
        assert (
            names == [n for n in ("faithful", "learned", "stable", "held") if n in names] and names
        )
    assert metrics["methods_to_use"] == len(found.of(verdict.USE))
    for control in CONTROLS:
        assert verdict.judged(outcomes_of(control, metrics, {})).level != verdict.USE


def test_every_measure_has_every_method_and_every_control(
    assessed: Path, explained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(assessed)
    metrics = artifacts.read_metrics("assess", CELL)
    measures = metrics["measures"]
    assert metrics["images"] == 4 == metrics["right_images"] + metrics["wrong_images"]
    assert metrics["mask"] == "foreground"
    assert {base(name) for name in measures} == set(MEASURES) - BESIDE_SHUFFLED
    every = set(artifacts.read_maps(CELL, STAGE_FAMILIES).maps)
    slow = set(metrics["slow_methods"]["methods"])
    moved = {name for name in every if methods()[name].tensor_map}
    assert {"gradcam", "saliency"} <= moved and metrics["manipulation"]["attack"].keys() == moved
    assert metrics["slow_methods"]["images"] == 1 and "lime" in slow and "saliency" not in slow
    for name, by_method in measures.items():
        wanted = every - slow if base(name).startswith("smooth_") else every | set(CONTROLS)
        wanted = wanted if MEASURES[base(name)].controls else moved
        assert set(by_method) == wanted, name
        for method, said in by_method.items():
            again = base(name).startswith(
                ("randomised", "independent", "sens", "shift", "entropy_r")
            )
            assert said["images"] <= (1 if again and method in slow else 4)
            if said["low"] is not None:
                assert said["low"] <= said["mean"] + 1e-6 and said["mean"] <= said["high"] + 1e-6
    # What does not look at the network cannot change with its weights; noise is drawn again.
    assert measures["randomised_spearman"]["edges"]["mean"] == pytest.approx(1)
    assert abs(measures["randomised_spearman"]["random"]["mean"]) < 0.2
    assert measures["sensitivity_max"]["centre"]["mean"] == 0
    # Layers of simple_cnn with weights: two convolutions and the logits.
    assert [step["layers"] for step in metrics["cascade"]] == [2, 3]
    assert [step["layers"] for step in metrics["independent"]] == [1, 1]
    for method in every:
        last = metrics["cascade"][-1]["spearman"][method]
        assert last == measures["randomised_spearman"][method]["mean"]
    assert metrics["agreement"]["methods"] == list(artifacts.read_maps(CELL, STAGE_FAMILIES).maps)
    path = paths.weights(CELL)
    assert path.read_bytes() == (explained / path).read_bytes()


def test_the_raw_values_are_kept(assessed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(assessed)
    values = artifacts.read_trust(CELL, STAGE_FAMILIES)
    measures = artifacts.read_metrics("assess", CELL)["measures"]
    for number, by_method in measures.items():
        for method, said in by_method.items():
            each = values[f"value/{number}/{method}"]
            known = each[~np.isnan(each)]
            assert len(known) == said["images"]
            if len(known):
                assert known.mean(dtype=np.float64) == pytest.approx(said["mean"], abs=1e-4)
    # The example of a changed image is of one that was assessed, and as it was within ε.
    change = values["manipulation/image/saliency"] - values["manipulation/before/saliency"]
    assert np.abs(change).max() <= 0.02 + 1e-6
    assert values["manipulation/row/saliency"][0] < len(values["label"])
    deletion = values["curve/deletion_probability/black/saliency"]
    assert len(deletion) == len(values["fractions"]) == 5
    assert set(values["label"] == values["predicted"]) == {True, False}


def test_there_is_no_trust_in_maps_of_a_network_no_better_than_the_majority_class(
    assessed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(assessed)
    found = artifacts.read_metrics("assess", CELL)
    assert found["above_chance"] is True and 0 <= found["trust"] <= 1
    before = paths.metrics("assess", CELL).read_bytes()
    write_accuracy(0.3)
    assess(params.load(), CELL)
    chance = artifacts.read_metrics("assess", CELL)
    nothing = {"trust": None, "methods_to_use": None}
    assert chance == found | {"above_chance": False} | nothing
    assert artifacts.read_headline("assess", CELL) == nothing
    assert "no verdict: its accuracy is not above chance" in capsys.readouterr().out
    write_accuracy(0.4)
    assess(params.load(), CELL)
    assert paths.metrics("assess", CELL).read_bytes() == before


def test_equal_runs_write_equal_bytes_and_another_seed_others(assessed: Path) -> None:
    files = [paths.metrics("assess", CELL), *(paths.trust(CELL, f) for f in STAGE_FAMILIES)]
    study = params.load()
    measured(study)
    assert [path.read_bytes() for path in files] == [(assessed / p).read_bytes() for p in files]
    written = []
    for seed in (study.seed, 2):
        measured(study.model_copy(update={"seed": seed}), "faithfulness")
        written.append([path.read_bytes() for path in files])
    assert all(one != other for one, other in zip(*written, strict=True))


def test_the_controls_are_measured_with_the_first_family(
    assessed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(assessed)
    for family in STAGE_FAMILIES:
        measured_here = {name.rpartition("/")[2] for name in artifacts.read_trust(CELL, [family])}
        of_controls = set(CONTROLS) if family == STAGE_FAMILIES[0] else set()
        assert set(CONTROLS) & measured_here == of_controls


def test_what_every_family_needs_of_the_network_is_computed_with_the_first(
    assessed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another family would get the same, and takes no passes for it."""
    monkeypatch.chdir(assessed)
    study = params.load()
    options = study.assess.measures.infidelity
    assessment = prepare(study, CELL, ["shapley"])
    index = assessment.rows.image_index
    kept = artifacts.read_common(CELL, index)
    alone = infidelity.take(assessment, options)
    assert set(kept) == set(assessment.in_common) == {"infidelity"}
    np.testing.assert_array_equal(kept["infidelity"], assessment.in_common["infidelity"])
    assessment.in_common["infidelity"] = -kept["infidelity"]
    scales = [
        each.values["infidelity_scaling/noise"]["gradient_shap"]
        for each in (alone, infidelity.take(assessment, options))
    ]
    np.testing.assert_array_equal(scales[0], -scales[1])
    with pytest.raises(UserError, match=f"other images.*dvc repro -f measure_gradients@{CELL}"):
        artifacts.read_common(CELL, index[::-1])


def test_a_family_may_have_no_method(assessed: Path) -> None:
    shutil.copytree(assessed / paths.DATA / "trust", paths.DATA / "trust", dirs_exist_ok=True)
    rows = artifacts.read_explanations(CELL, "shapley")
    artifacts.write_explanations(CELL, "shapley", replace(rows, maps={}, numbers={}))
    measure(params.load(), CELL, "shapley")
    values = artifacts.read_trust(CELL, ["shapley"])
    assert not [name for name in values if name.startswith("value/")]
