"""The published weight-randomisation table, on a small network."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.trust import published
from heatproof.trust.published import in_blocks, published_sanity, summary
from tests import small_cell

CELL = "simple_cnn-digits"
METHODS = {"gradient", "saliency", "gradcam", "smoothgrad", "integrated_gradients_black", "random"}
PUBLISHED = {"images": 12, "draws": 2}


@pytest.fixture
def _cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL, published_sanity=PUBLISHED)
    small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: p < 0)


def test_the_summary_by_hand() -> None:
    # Two draws, two layers, three images; the last image has no map after the last layer.
    scores = np.array(
        [[[1.0, 0.5, 0.2], [0.0, 0.1, np.nan]], [[0.6, 0.3, 0.4], [0.4, 0.3, np.nan]]]
    )
    said = summary(scores, 500, seed=0)
    assert said["mean"] == pytest.approx((0.5 + 0.3 + 0.3) / 3)
    assert said["last"] == pytest.approx((0.2 + 0.2) / 2)
    assert said["per_layer"] == pytest.approx([3.0 / 6, 0.8 / 4])
    assert said["per_draw"] == pytest.approx([1.8 / 5, 2.0 / 5])
    assert said["last_per_draw"] == pytest.approx([0.05, 0.35])
    assert said["constant_maps"] == 2
    assert 0.3 <= said["low"] < said["mean"] < said["high"] <= 0.5
    assert said["last_low"] == pytest.approx(0.2) and said["last_high"] == pytest.approx(0.2)


def test_maps_that_are_never_defined() -> None:
    said = summary(np.full((1, 2, 3), np.nan), 100, seed=0)
    assert np.isnan([said["mean"], said["low"], said["last"], *said["per_layer"]]).all()
    assert said["constant_maps"] == 6


def test_images_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def randomised(model, images, targets, draws, seed, first):
        taken.append((len(images), first))
        scores = images[:, 0, 0, 0] + targets
        return ["top", "bottom"], {"saliency": np.tile(scores, (draws, 2, 1))}

    monkeypatch.setattr(published, "randomised", randomised)
    monkeypatch.setattr(published, "BLOCK_BYTES", 2 * 16)
    images = np.arange(5, dtype=np.uint8).repeat(16).reshape(5, 4, 4, 1)
    layers, scores = in_blocks(None, images, np.arange(5), draws=3, seed=0)
    assert (layers, taken) == (["top", "bottom"], [(2, 0), (2, 2), (1, 4)])
    expected = np.tile(np.arange(5) + np.arange(5, dtype=np.float32) / 255, (3, 2, 1))
    np.testing.assert_allclose(scores["saliency"], expected, rtol=1e-6)


@pytest.mark.usefixtures("_cell")
def test_the_table_which_repeats() -> None:
    weights = paths.weights(CELL).read_bytes()
    written = []
    for _ in range(2):
        published_sanity(params.load(), CELL)
        written.append(paths.metrics("published_sanity", CELL).read_bytes())
    assert written[0] == written[1]
    metrics = artifacts.read_metrics("published_sanity", CELL)
    assert (metrics["images"], metrics["draws"]) == (12, 2)
    assert metrics["layers"] == ["logits", "conv2", "conv1"]
    assert set(metrics["methods"]) == METHODS
    for said in metrics["methods"].values():
        assert -1 <= said["low"] <= said["mean"] <= said["high"] <= 1
        assert len(said["per_layer"]) == 3 and len(said["per_draw"]) == 2
        assert said["last"] == pytest.approx(said["per_layer"][-1], abs=0.05)
    # Of one channel the magnitudes of gradient and saliency are the same map.
    assert metrics["methods"]["gradient"] == metrics["methods"]["saliency"]
    # 12 x 2 x 3 pairs of noise of 256 pixels: four standard errors are 4 / sqrt(72 * 255).
    assert abs(metrics["methods"]["random"]["mean"]) < 0.03
    assert metrics["methods"]["random"]["constant_maps"] == 0
    gradient = metrics["methods"]["gradient"]
    assert gradient["per_layer"][-1] < 0.6 and gradient["mean"] != gradient["last"]
    assert gradient["per_draw"][0] != gradient["per_draw"][1]
    assert paths.weights(CELL).read_bytes() == weights


@pytest.mark.usefixtures("_cell")
def test_missing_weights_and_unknown_cells_are_messages() -> None:
    paths.weights(CELL).unlink()
    with pytest.raises(UserError, match="dvc repro train@simple_cnn-digits"):
        published_sanity(params.load(), CELL)
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        published_sanity(params.load(), "simple_cnn-digit")
