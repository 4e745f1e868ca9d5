"""What a method says of its own error, in words and in the page."""

from dataclasses import replace

import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.report.pages.cell import own_errors, unsupported
from heatproof.report.study import collect
from heatproof.report.text import methods
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tests.report import fixture

SUMMARIES = {
    "lime": {"zero_maps": 1, "r2": {"mean": 0.5, "median": 0.6, "min": 0.1, "max": 0.9}},
    "gradcam": {"zero_maps": 0},
    "deep_shap": {"unsupported": "no rule"},
    "mine": {"zero_maps": 0, "odd_number": {"mean": None, "median": None, "min": None}},
}


def test_the_numbers_in_the_reports_order() -> None:
    lime, mine = own_errors(SUMMARIES)
    assert (lime[0], lime[1].label, lime[2]) == ("LIME", "local R²", SUMMARIES["lime"]["r2"])
    assert (mine[0], mine[1].label, mine[2]["median"]) == ("mine", "odd number", None)
    assert unsupported(SUMMARIES) == [("DeepSHAP", "no rule")]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"r2": 0.666}, "R² 0.67"),
        ({"completeness_error": 0.2, "map_error": 0.0042, "steps": 50.0}, "error 0.4 %"),
        ({"additivity_gap": float("nan")}, ""),
        ({"unheard_of": 1.0}, ""),
        ({}, ""),
    ],
)
def test_one_map_has_its_error_beside_it(own: dict[str, float], expected: str) -> None:
    assert methods.beside(own) == expected


def test_every_known_number_has_a_label_and_a_meaning() -> None:
    for name, number in registry.numbers().items():
        assert number.label and number.meaning
        assert bool(methods.beside({name: 0.5})) == bool(number.caption)


def test_families_of_other_rows_are_not_mixed(folder, repository) -> None:
    params = fixture.params_file(repository)
    pictures = fixture.digits()
    name = fixture.CELLS[0]
    fixture.write_cell(params, name, pictures)
    one = next(c for c in collect(params).cells if c.name == name)
    assert set(one.explanations().maps) == {"gradcam", "saliency", "lime"}
    rows = artifacts.read_explanations(name, "perturbation")
    artifacts.write_explanations(
        name, "perturbation", replace(rows, target=np.roll(rows.target, 1))
    )
    with pytest.raises(
        UserError, match=rf"perturbation\.npz.*dvc repro -f explain_perturbation@{name}"
    ):
        one.explanations()
