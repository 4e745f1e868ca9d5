"""The real claims.yaml, and what a mistake in it is told."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from heatproof.claims import description, statements
from heatproof.claims.published import Published
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from tests.claims.results import BIG, BOOK, CELLS, IMAGES, LOADED, ROOT, STUDY


@cache
def real() -> dict[str, Any]:
    return read_yaml(ROOT / "claims.yaml")


def changed(path: Path, claim: str, **fields: Any) -> Path:
    """The real file with fields of one claim exchanged; None takes a field away."""
    content = copy.deepcopy(real())
    merged = content["claims"][claim] | fields
    content["claims"][claim] = {key: v for key, v in merged.items() if v is not None}
    with open(path / "claims.yaml", "w", encoding="utf-8") as file:
        YAML().dump(content, file)
    return path / "claims.yaml"


def test_the_real_file_has_every_row_of_the_published_tables():
    kinds = [c.kind for c in BOOK.claims.values()]
    assert len(kinds) >= 93
    for model in BIG:
        assert f"{model}.flops" in BOOK.claims
        for dataset in IMAGES:
            for kind in ("accuracy", "macro_f1", "parameters", "training_time"):
                assert BOOK.claims[f"{model}-{dataset}.{kind}"].kind == kind
    texts = {n: c.text() for n, c in BOOK.claims.items() if isinstance(c, Published) and c.given}
    assert texts["resnet18-cifar10.macro_f1"] == "0.760"
    assert texts["efficient_cnn-mnist.parameters"] == "3.8 M"
    assert texts["resnet18.flops"] == "356 M"
    assert texts["cifar_cnn.train_accuracy"] == "85 to 90 %"
    assert texts["mnist_cnn.parameters"] == "about 850 k"
    assert texts["simple_cnn-mnist.cpu_time"] == "5 to 10 min"


def test_the_real_file_is_about_models_and_datasets_that_params_yaml_describes():
    for name, cell in CELLS.items():
        assert cell["dataset"] in LOADED.datasets, name
        assert STUDY.schedule_under("paper", name), name


@pytest.mark.parametrize(
    ("claim", "fields", "words"),
    [
        ("mobilenet_v2.flops", {"kind": "flop"}, [".kind = 'flop'", "did you mean 'flops'"]),
        ("mobilenet_v2.flops", {"source": "vg"}, [".source = 'vg'", "did you mean 'vgg'"]),
        ("mobilenet_v2.flops", {"unit": "Mega"}, ["mobilenet_v2.flops.unit = 'Mega'", "'share'"]),
        ("mobilenet_v2.flops", {"values": 3}, ["unknown parameter", "did you mean 'value'"]),
        ("mobilenet_v2.flops", {"low": 3}, ["mobilenet_v2.flops = {", "either `value`, or `low`"]),
        ("mobilenet_v2.flops", {"value": None}, ["a number needs a `unit`"]),
        ("mobilenet_v2.flops", {"cell": "a-b"}, ["either `cell` or `model`"]),
        ("cifar_cnn.accuracy", {"domain": "usps"}, ["`domain` goes with the kind domain_accuracy"]),
        ("simple_cnn-mnist.on_usps", {"domain": None}, ["domain"]),
        ("cifar_cnn.accuracy", {"low": 90}, ["`low` should be less than `high`"]),
        ("gaps_widen", {"check": "gap_widens"}, ["did you mean 'gaps_widen'"]),
        ("separable_saving", {"model": None}, ["'separable_saving' needs model: add it"]),
        ("checkpoints", {"reason": None}, ["needs reason"]),
        ("mnist.nine_confused", {"within": 0}, ["mnist.nine_confused.within = 0", "equal to 1"]),
    ],
)
def test_a_mistake_in_the_file_is_reported_with_its_key(tmp_path, claim, fields, words):
    with pytest.raises(UserError) as mistake:
        description.load(statements.NEEDS, changed(tmp_path, claim, **fields))
    for word in ("claims.yaml: claims.", *words):
        assert word in str(mistake.value)


def test_no_file_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"claims\.yaml: there is no such file"):
        description.load(statements.NEEDS)
    (tmp_path / "claims.yaml").write_text("claims: [", encoding="utf-8")
    with pytest.raises(UserError, match="not valid YAML"):
        description.load(statements.NEEDS)


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ({"value": 0.992, "unit": "share"}, 0.9915, 0.9925),
        ({"value": 2.1, "unit": "M"}, 2.05e6, 2.15e6),
        ({"value": 49, "step": 1, "unit": "M"}, 48.5e6, 49.5e6),
        ({"value": 98, "about": True, "unit": "%"}, 0.97, 0.99),
        ({"low": 85, "high": 90, "unit": "%"}, 0.85, 0.90),
        ({"low": 5, "high": 10, "unit": "min"}, 300, 600),
    ],
)
def test_a_published_figure_holds_within_its_last_digit(figure, low, high):
    assert Published(**figure).bounds() == pytest.approx((low, high))
