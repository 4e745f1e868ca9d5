"""A derived cell through the stages: derived, loaded, evaluated, explained, its maps measured."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.derived.deriving import derive_cell
from heatproof.models.build import trained_network
from heatproof.models.integer_program import program_of
from heatproof.storage import artifacts, paths, weights
from heatproof.trust.measuring import measure
from stages import evaluate
from tests import overlay, stored
from tests.config.test_derived import AGAIN, CELL, TRAINED, content
from tests.small_cell import explain_cell
from tests.stages.test_evaluate import dataset


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[params.Params]:
    """A study of a network with random weights, one of 8 bits from it, and one of 4 from that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("derived"))
        patch.setenv("STUDY_TRACKING", "off")
        small = content()
        small["explain"] |= {
            "gradients": {"gradcam": {}, "saliency": {}}, "perturbation": {"occlusion": {}},
            "shapley": {"deep_shap": {"background": 4}},
        }  # fmt: skip
        overlay.write(params.PARAMS, small)
        stored.write("digits", dataset())
        loaded = params.load()
        from heatproof.models.build import build_model

        weights.save(TRAINED, build_model(loaded.run(TRAINED), (16, 16, 1), 10))
        for cell in (CELL, AGAIN):
            derive_cell(loaded, loaded.derived_run(cell))
        yield loaded


def network(study: params.Params, cell: str):
    return trained_network(study.run(cell), (16, 16, 1), 10)


def test_it_is_loaded_as_every_other_and_has_the_numbers_of_its_bits(study: params.Params) -> None:
    for cell, bits in ((CELL, 8), (AGAIN, 4)):
        first, second = (network(study, name) for name in (study.origin_of(cell), cell))
        for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
            if one.ndim < 2:
                np.testing.assert_array_equal(one, other)
                continue
            scale = np.abs(one).max(axis=tuple(range(one.ndim - 1))) / (2 ** (bits - 1) - 1)
            assert np.abs(one - other).max() <= scale.max() / 2 * 1.0001
            steps = other / scale
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def test_what_was_done_is_told_beside_the_origin(study: params.Params) -> None:
    told = artifacts.read_metrics("derive", CELL)
    assert (told["origin"], told["by"], told["epochs"]) == (TRAINED, "quantise", 0)
    assert told["origin_bytes"] == 4 * told["parameters"]
    assert 0 <= told["val_accuracy"] <= 1 and "computed with by LiteRT" in told["done"][0]
    assert told["figures"] == {"kernels": 3, "kernels_of_program": 3}
    assert artifacts.read_metrics("derive", AGAIN)["stored_bytes"] < told["origin_bytes"] / 3


def test_what_is_predicted_is_the_programs(study: params.Params) -> None:
    evaluate.evaluate(CELL)
    small, data = network(study, CELL), dataset()
    program = program_of(small)
    assert program is not None and program_of(network(study, AGAIN)) is None
    pixels = data.test_images.astype(np.float32) / 255
    logits = artifacts.read_predictions(CELL).logits
    np.testing.assert_array_equal(logits, program.logits(pixels))
    assert np.abs(logits - small(pixels).numpy()).max() > 0


def test_stages_take_it_as_they_take_a_trained_one(study: params.Params) -> None:
    evaluate.evaluate(CELL)
    assert artifacts.read_metrics("evaluate", CELL)["epochs"] == 0
    for family in ("gradients", "perturbation", "shapley"):
        explain_cell(CELL, family)
        measure(study, CELL, family)
        assert not artifacts.read_metrics(f"measure_{family}", CELL).get("unmeasured")
    maps = artifacts.read_maps(CELL, ["gradients", "perturbation", "shapley"]).maps
    assert set(maps) == {"gradcam", "saliency", "occlusion", "deep_shap"}


def test_deriving_again_gives_the_same_bytes(study: params.Params) -> None:
    before = paths.weights(CELL).read_bytes()
    derive_cell(study, study.derived_run(CELL))
    assert paths.weights(CELL).read_bytes() == before


def test_a_network_that_is_not_derived_yet_is_asked_for_by_its_stage(
    study: params.Params, tmp_path: Path
) -> None:
    from heatproof.run.errors import UserError

    kept = paths.weights(CELL).rename(tmp_path / "kept")
    try:
        with pytest.raises(UserError, match=f"dvc repro derive@{CELL}"):
            network(study, CELL)
    finally:
        kept.rename(paths.weights(CELL))
