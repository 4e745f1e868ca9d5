"""`normalisation: auto` is a layer with the training part's numbers."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.models.build import build_model, normalisation
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tests.small_cell import load_params

CELL = "simple_cnn-digits"


def test_the_networks_layer_has_the_prepared_datasets_numbers(monkeypatch) -> None:
    run = load_params(CELL, datasets={"digits": {"normalisation": "auto"}}).run(CELL)
    asked = []
    moments = np.array([[0.2, 0.4], [0.5, 0.0]])
    monkeypatch.setattr(artifacts, "read_moments", lambda *of: asked.append(of) or moments)
    layer = build_model(run, (8, 8, 2), 3, Path("study")).get_layer("normalise")
    assert asked == [("digits", Path("study"))]
    # A channel without variation counts as varying by one of 255 steps.
    images = np.array([[[[0.2, 0.4]]], [[[0.7, 0.4 + 1 / 255]]]], np.float32)
    np.testing.assert_allclose(layer(images), [[[[0, 0]]], [[[1, 1]]]], atol=1e-5)


def test_numbers_that_are_given_count_and_missing_ones_are_a_message(tmp_path: Path) -> None:
    given = load_params(CELL).run(CELL)
    assert normalisation(given, tmp_path) == given.normalisation
    run = load_params(CELL, datasets={"digits": {"normalisation": "auto"}}).run(CELL)
    with pytest.raises(UserError, match="preprocess@digits"):
        normalisation(run, tmp_path)
