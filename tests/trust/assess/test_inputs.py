"""Assessing a cell of other maps and masks, without some of them, and beside shuffled labels."""

from dataclasses import replace

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.runs import SHUFFLED
from heatproof.models.build import trained_network
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from heatproof.trust.assess import assess
from heatproof.trust.measuring import measure
from heatproof.trust.preparation import prepare
from heatproof.trust.shuffled import assess_shuffled
from tests import small_cell, stored
from tests.small_cell import CLASSES
from tests.trust.assess.assessed_cell import BESIDE_SHUFFLED, BLOCKS, CELL, measured

QUICK = ("saliency", "gradcam", "lime", "gradient_shap")
MASKED = {
    "relevance_mass", "relevance_rank", "pointing_game", "magnitude_mass", "magnitude_rank",
    "magnitude_pointing",
}  # fmt: skip


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
