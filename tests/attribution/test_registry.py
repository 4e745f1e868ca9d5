"""Methods are found where they are, and what params.yaml says of them is checked."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib import colormaps

from heatproof.attribution import registry
from heatproof.attribution.core.method import Context
from heatproof.attribution.families import FAMILIES, STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.explain import Explain
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import real_params

SALIENCY = registry.methods()["saliency"]


def test_records_are_complete_and_unlike() -> None:
    methods = registry.methods().values()
    assert {method.family for method in methods} == {family.name for family in FAMILIES}
    assert all(set(method.also) <= {family.name for family in FAMILIES} for method in methods)
    for part in ("name", "label", "shows", "definition"):
        assert len({getattr(method, part) for method in methods}) == len(methods)
    assert all(m.name.isidentifier() and m.reference and m.address for m in methods)
    # After a number, and after "In": a word or more.
    assert all(m.unit and not m.unit.isdigit() for m in methods)
    assert all(method.colours in colormaps for method in methods)
    for m in methods:  # sentences of their own, and an equation
        assert m.definition.endswith(".") and m.deviations.endswith("."), m.name
        assert "=" in m.equation, m.name
    slow = {
        m.name for stage in ("perturbation", "shapley") for m in registry.of_stage(stage).values()
    }
    assert all(registry.methods()[name].cost == "slow" for name in slow)


def test_every_stage_has_methods_and_every_method_a_stage() -> None:
    found = [name for stage in STAGE_FAMILIES for name in registry.of_stage(stage)]
    assert sorted(found) == sorted(registry.methods())
    package = "heatproof.attribution"
    assert registry.modules(["rise", "vargrad", "smoothgrad"]) == (
        f"{package}.gradients.noisy_gradients",
        f"{package}.perturbation.rise",
    )


def test_order() -> None:
    names = ["unknown", "rise", "another", "saliency", "gradcam"]
    assert registry.ordered(names) == ["saliency", "gradcam", "rise", "another", "unknown"]


def test_what_is_left_out_has_its_default_and_what_is_not_listed_is_not_there() -> None:
    study = params.load(Path(__file__).parents[2] / "params.yaml").explain
    content = {"gradients": {"gradcam": {}, "smoothgrad": {"samples": 9}}}
    explain = Explain.model_validate(dict(study) | {"perturbation": {}, "shapley": {}} | content)
    assert list(explain.methods) == ["smoothgrad", "gradcam"]
    assert explain.gradients["gradcam"] == registry.methods()["gradcam"].options()
    context = Context(np.zeros((2, 4, 4, 1), np.uint8), seed=5)
    smoothgrad = registry.with_options(explain.methods, context)["smoothgrad"]
    expected = {"samples": 9, "noise": 0.15, "precision": "double", "seed": 5}
    assert smoothgrad.keywords == expected


def test_params_yaml_shows_the_defaults() -> None:
    """A line that is taken away there changes no map."""
    study = params.load(Path(__file__).parents[2] / "params.yaml").explain
    for name, options in study.methods.items():
        assert options == registry.methods()[name].options(), name


def test_what_is_set_up_with_fewer_passes() -> None:
    """Of large images a method is first called as it is where maps are made again."""
    listed = {name: registry.methods()[name].options() for name in ("rise", "lime", "saliency")}
    context = Context(np.zeros((2, 64, 64, 1), np.uint8), seed=5)
    found = registry.set_ups(listed, context)
    assert {name: each.share for name, each in found.items()} == {
        "rise": 100 / 250, "lime": 100 / 200, "saliency": 1.0,
    }  # fmt: skip
    assert found["rise"].explain.keywords["masks"] == 100
    assert found["lime"].explain.keywords["options"].stability_images == 0
    small = registry.set_ups(listed, Context(np.zeros((2, 28, 28, 1), np.uint8), seed=5))
    assert small["rise"].explain.keywords["masks"] == 1000 and small["rise"].share == 1


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (
            (SALIENCY, SALIENCY),
            r"\.gradcam: 'saliency' is the name of a record of .*give it another",
        ),
        (
            (dataclasses.replace(SALIENCY, family="cams"),),
            r"\.gradcam: 'saliency' is of 'cams'; expected one of .*, cam, ",
        ),
        (SALIENCY, r"\.gradcam\.METHODS: expected a tuple"),
    ],
)
def test_a_wrong_record_of_a_method_is_refused_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, methods: Any, message: str
) -> None:
    def modules(package: str) -> dict[str, SimpleNamespace]:
        changed = SimpleNamespace(__name__=f"{package}.gradcam", METHODS=methods)
        return {"gradcam": changed} if package.endswith(".cam") else {}

    monkeypatch.setattr(registry, "modules_of", modules)
    monkeypatch.setattr(registry, "_by_module", registry._by_module.__wrapped__)
    with pytest.raises((TypeError, ValueError), match=message):
        registry.methods.__wrapped__()


@pytest.mark.parametrize(
    ("family", "entry", "message"),
    [
        ("gradients", {"gradcan": {}}, r"gradcan = {}: .* mean 'gradcam'\?; known: .*, saliency, "),
        (
            "perturbation",
            {"gradcam": {}},
            r"gradcam = {}: its place is explain\.gradients\.gradcam",
        ),
        (
            "gradients",
            {"gradcam": {"layr": "x"}},
            r"gradcam\.layr.* mean 'layer'\?; known: layer, engine",
        ),
        ("shapley", {"deep_shap": {"background": 0}}, r"shapley\.deep_shap\.background = 0: "),
        ("gradients", {"saliency": None}, r"explain\.gradients\.saliency = None: "),
    ],
)
def test_a_mistake_is_reported_with_its_key(
    tmp_path: Path, family: str, entry: dict[str, Any], message: str
) -> None:
    path = tmp_path / "params.yaml"
    overlay.write(path, overlay.overlaid(real_params(), {"explain": {family: entry}}))
    with pytest.raises(UserError, match=message):
        params.load(path)
