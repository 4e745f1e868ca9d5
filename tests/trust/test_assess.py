"""Assessing a cell: every measure by family, all side by side, and beside shuffled labels."""

import shutil
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.runs import SHUFFLED
from heatproof.evaluation.remarks import NEEDED
from heatproof.models.build import trained_network
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from heatproof.trust import verdict
from heatproof.trust.assess import assess
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import base
from heatproof.trust.measures import infidelity
from heatproof.trust.measuring import measure
from heatproof.trust.preparation import prepare
from heatproof.trust.registry import MEASURES
from heatproof.trust.shuffled import assess_shuffled
from heatproof.trust.verdict_outcomes import outcomes_of
from tests import small_cell, stored
from tests.small_cell import CLASSES, explain_cell

CELL = "simple_cnn-digits"
BLOCKS = {"explain": {"images": {"right_per_class": 1, "wrong_per_class": 1}}}
QUICK = ("saliency", "gradcam", "lime", "gradient_shap")
MASKED = {
    "relevance_mass", "relevance_rank", "pointing_game", "magnitude_mass", "magnitude_rank",
    "magnitude_pointing",
}  # fmt: skip
BESIDE_SHUFFLED = {"shuffled_spearman", "shuffled_ssim"}


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cell with its maps, as the stages before leave it: made once, since it takes seconds."""
    made = tmp_path_factory.mktemp("explained")
    with chdir(made), pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_TRACKING", "off")
        small_cell.write_params(CELL, **BLOCKS)
        small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: np.arange(len(p)) % 2 == 1)
        write_accuracy(0.4)
        for family in STAGE_FAMILIES:
            explain_cell(CELL, family)
    return made


@pytest.fixture(scope="module")
def assessed(explained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it after the stage, for tests that only read."""
    made = tmp_path_factory.mktemp("assessed")
    shutil.copytree(explained, made, dirs_exist_ok=True)
    with chdir(made), pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_TRACKING", "off")
        measured(params.load())
    return made


@pytest.fixture(autouse=True)
def folder(explained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(explained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    return tmp_path


def write_accuracy(low: float) -> None:
    """Write what assess reads of the evaluation: always the majority class is right on 0.3."""
    content = dict.fromkeys(NEEDED, 0) | {"accuracy_low": low, "majority_accuracy": 0.3}
    artifacts.write_metrics("evaluate", CELL, content)


def measured(study: params.Params, *families: str) -> dict[str, Any]:
    """Measure and assess, by some families of measures alone if named; return the metrics."""
    if families:
        others = dict.fromkeys(study.assess.measures.model_fields_set - set(families))
        measures = study.assess.measures.model_copy(update=others)
        options = study.assess.model_copy(update={"measures": measures})
        study = study.model_copy(update={"assess": options})
    for family in STAGE_FAMILIES:
        measure(study, CELL, family)
    assess(study, CELL)
    return artifacts.read_metrics("assess", CELL)


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
        assert names == [n for n in ("faithful", "learned", "stable") if n in names] and names
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
    assert metrics["slow_methods"]["images"] == 1 and "lime" in slow and "saliency" not in slow
    for name, by_method in measures.items():
        wanted = every - slow if base(name).startswith("smooth_") else every | set(CONTROLS)
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


@pytest.mark.usefixtures("uncompiled")
def test_the_stored_maps_are_what_the_assessment_would_make() -> None:
    study = params.load()
    assessment = prepare(study, CELL, STAGE_FAMILIES)
    again = assessment.explained(assessment.model, assessment.images, study.seed)
    originals = assessment.originals
    assert set(originals) == set(again)
    for method, maps in again.items():
        scale = np.abs(maps).max()
        np.testing.assert_allclose(
            originals[method][: len(maps)], maps, rtol=0, atol=1e-4 * scale, err_msg=method
        )


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


@pytest.mark.usefixtures("uncompiled")
def test_a_network_trained_on_shuffled_labels_is_compared() -> None:
    entry = {"model": "simple_cnn", "dataset": "digits"}
    run = f"{CELL}-shuffled9"
    runs = {run: entry | {"seed": 9, "labels": "shuffled"}}
    small_cell.write_params(CELL, **BLOCKS, runs=runs, shuffled={CELL: entry | {"run": run}})
    with pytest.raises(UserError, match="dvc repro train@simple_cnn-digits-shuffled9"):
        assess_shuffled(params.load(), CELL)
    weights.save(run, trained_network(params.load().run(CELL), (16, 16, 1), len(CLASSES)))
    assess_shuffled(params.load(), CELL)
    measures = artifacts.read_metrics("assess_shuffled", CELL)["measures"]
    assert set(measures) == BESIDE_SHUFFLED
    # The same weights: the same maps, but for the control that is noise.
    assert measures["shuffled_spearman"]["saliency"]["mean"] == pytest.approx(1)
    assert abs(measures["shuffled_spearman"]["random"]["mean"]) < 0.2
    kept = artifacts.read_trust(CELL, [SHUFFLED])
    assert kept["value/shuffled_spearman/saliency"] == pytest.approx(1)
    assert len(kept["value/shuffled_spearman/lime"]) == 1  # slow: of the first image only


def test_a_cell_not_trained_on_shuffled_labels_is_refused_with_those_that_are() -> None:
    with pytest.raises(UserError, match="shuffled"):
        assess_shuffled(params.load(), CELL)


def test_what_is_not_listed_is_not_measured_and_masks_of_the_dataset_are_the_truth() -> None:
    study = params.load()
    dataset = artifacts.read_dataset(study.cell(CELL).dataset)
    masks = np.zeros(dataset.test_images.shape[:3], np.uint8)
    masks[:, :4, :4] = 1
    stored.write("digits", replace(dataset, test_masks=masks))
    metrics = measured(study, "localisation")
    assert metrics["mask"] == "planted"
    assert metrics["masks"] == {"images": metrics["images"], "share": pytest.approx(1 / 16)}
    assert set(metrics["measures"]) == MASKED
    assert metrics["measures"]["relevance_mass"]["constant"]["mean"] == pytest.approx(1 / 16)


def test_an_image_without_a_box_is_left_out_and_counted() -> None:
    study = params.load()
    dataset = artifacts.read_dataset(study.cell(CELL).dataset)
    rows = artifacts.read_explanations(CELL, "gradients")
    masks = np.zeros(dataset.test_images.shape[:3], np.uint8)
    masks[:, :8] = 1
    masks[rows.image_index[0]] = 0
    boxes = replace(dataset, test_masks=masks, annotations=("boxes",))
    stored.write("digits", boxes)
    metrics = measured(study, "localisation")
    assert metrics["mask"] == "boxes"
    assert metrics["masks"] == {"images": metrics["images"] - 1, "share": pytest.approx(1 / 2)}
    mass = metrics["measures"]["relevance_mass"]["constant"]
    assert (mass["images"], mass["mean"]) == (metrics["images"] - 1, pytest.approx(1 / 2))


def test_blank_maps_have_no_value_and_a_method_without_maps_is_left_out() -> None:
    rows = artifacts.read_explanations(CELL, "gradients")
    maps = {name: each for name, each in rows.maps.items() if name != "saliency"}
    first = next(iter(maps))
    maps[first] = np.zeros_like(maps[first])
    artifacts.write_explanations(CELL, "gradients", replace(rows, maps=maps, numbers={}))
    gini = measured(params.load(), "simplicity")["measures"]["gini"]
    assert gini[first] == {"mean": None, "low": None, "high": None, "images": 0}
    assert "saliency" not in gini and "lime" in gini


def test_no_images_are_no_numbers() -> None:
    for family in STAGE_FAMILIES:
        rows = artifacts.read_explanations(CELL, family)
        none = {
            name: getattr(rows, name)[:0]
            for name in ("image_index", "label", "predicted", "target", "confidence", "images")
        }
        maps = {name: each[:0] for name, each in rows.maps.items() if name in QUICK}
        artifacts.write_explanations(CELL, family, replace(rows, **none, maps=maps, numbers={}))
    metrics = measured(params.load())
    assert metrics["images"] == 0
    assert metrics["measures"]["gini"]["gradcam"]["mean"] is None
    assert metrics["measures"]["randomised_ssim"]["gradcam"]["images"] == 0


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


def test_without_explanations_the_error_names_the_stage_to_run() -> None:
    paths.explanations(CELL, "gradients").unlink()
    with pytest.raises(UserError, match=r"dvc repro explain_gradients@simple_cnn-digits"):
        measure(params.load(), CELL, "gradients")


def test_families_of_other_images_are_refused() -> None:
    rows = artifacts.read_explanations(CELL, "perturbation")
    other = replace(rows, image_index=rows.image_index + 1)
    artifacts.write_explanations(CELL, "perturbation", other)
    with pytest.raises(UserError, match="explain_perturbation@simple_cnn-digits"):
        assess(params.load(), CELL)


def test_an_unknown_cell_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        assess(params.load(), "simple_cnn-digit")
