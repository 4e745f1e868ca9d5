"""Methods of ours that are broken on purpose: each check notices, against the real library."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from heatproof.attribution.core.method import Attribution
from heatproof.crosscheck import crosscheck, definitions, sides
from heatproof.crosscheck.checks import MAXIMISATION, checks
from heatproof.crosscheck.sides import Computed
from heatproof.crosscheck.subject import Subject
from heatproof.run.errors import UserError
from tests.crosscheck import tiny

ON_PURPOSE = {"gradcam", "gradcam_plus_plus", "score_cam", "smoothgrad", "gradient_shap"}


@pytest.fixture(scope="module")
def subject() -> Subject:
    return tiny.subject()


@pytest.fixture(scope="module")
def libraries(subject: Subject) -> dict[str, Computed]:
    """What the libraries give: computed once."""
    return {name: sides.compute(check, "other", subject) for name, check in checks().items()}


@pytest.mark.parametrize("name", checks())
def test_our_methods_agree_or_differ_on_purpose(subject, libraries, name: str) -> None:
    check = checks()[name]
    assert not libraries[name].error
    found = crosscheck.judged(check, sides.compute(check, "own", subject), libraries[name])
    if name in ON_PURPOSE:
        assert found["verdict"] == "on_purpose" and check.meaning
        strict = found.get("same") or found["draws"]
        assert strict["largest"] < 1e-4 or strict["errors"] < 2
    elif name == MAXIMISATION:
        assert found["verdict"] in ("agrees", "on_purpose")
    else:
        assert found["verdict"] == "agrees", found
        assert found["maps"]["largest"] < 1e-4 and found["maps"]["rank"] > 0.999


def negative(subject: Subject) -> Subject:
    """A wrong sign of the images' difference from grey."""
    return replace(subject, images=1 - subject.images)


def other_class(subject: Subject) -> Subject:
    return replace(subject, targets=(subject.targets + 1) % 3)


def first_layer(subject: Subject) -> Subject:
    options: dict[str, Any] = dict(subject.options)
    for name in (*definitions.CLASSES, "score_cam"):
        options[name] = options[name].model_copy(update={"layer": "first_act"})
    return replace(subject, options=options)


def other_background(subject: Subject) -> Subject:
    training = 255 - np.asarray(subject.context.training_images)
    return replace(subject, context=replace(subject.context, training_images=training))


def much_noise(subject: Subject) -> Subject:
    options: dict[str, Any] = dict(subject.options)
    options["smoothgrad"] = options["smoothgrad"].model_copy(update={"noise": 1.0})
    return replace(subject, options=options)


def few_steps(subject: Subject) -> Subject:
    steps = subject.maximisation.model_copy(update={"steps": 1})
    return replace(subject, maximisation=steps)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("gradcam", first_layer),
        ("gradcam_plus_plus", first_layer),
        ("gradcam", other_class),
        ("score_cam", first_layer),
        ("score_cam", other_class),
        ("saliency", negative),
        ("smoothgrad", much_noise),
        (MAXIMISATION, few_steps),
        ("lime", other_class),
        ("gradient_shap", other_background),
        ("deep_shap", other_background),
        ("partition_shap", other_background),
    ],
)
def test_a_wrong_layer_baseline_or_class_differs(
    subject: Subject, libraries: dict[str, Computed], name: str,
    broken: Callable[[Subject], Subject],
) -> None:  # fmt: skip
    own = sides.compute(checks()[name], "own", broken(subject))
    assert crosscheck.judged(checks()[name], own, libraries[name])["verdict"] == "differs"


@pytest.mark.parametrize("name", ["lime", "deep_shap", "partition_shap"])
def test_a_wrong_sign_differs(subject, libraries, name: str) -> None:
    own = sides.compute(checks()[name], "own", subject)
    turned = replace(own, arrays={"maps": -own.arrays["maps"]})
    assert crosscheck.judged(checks()[name], turned, libraries[name])["verdict"] == "differs"


def test_draws_of_ours_that_are_wrong_are_noticed(subject, libraries, monkeypatch) -> None:
    """At the library's draws all is well: only the comparison of means tells."""
    honest = definitions.draws

    def half_of_the_way(background: int, samples: int, seed: int):
        starts, points = honest(background, samples, seed)
        return starts, points / 4

    monkeypatch.setattr(definitions, "draws", half_of_the_way)
    own = sides.compute(checks()["gradient_shap"], "own", subject)
    found = crosscheck.judged(checks()["gradient_shap"], own, libraries["gradient_shap"])
    assert found["same"]["largest"] < 1e-4
    assert found["verdict"] == "differs", found


def test_a_network_that_the_library_cannot_serve() -> None:
    """shap has no rule for ReLU6; TensorFlow's gradients are what they were before."""
    subject = tiny.subject("relu6")
    before = subject.network.score_gradients(subject.images, subject.targets)
    found = sides.compute(checks()["deep_shap"], "other", subject)
    assert "shap" in found.error and "cannot serve this network" in found.error
    assert "shap_Relu6" in found.error and "/" not in found.error and "\n" not in found.error
    own = sides.compute(checks()["deep_shap"], "own", subject)
    record = crosscheck.judged(checks()["deep_shap"], own, found)
    assert record == {"library": "shap", "verdict": "unserved", "reason": found.error}
    fresh = tiny.subject("relu6")
    again = fresh.network.score_gradients(fresh.images, fresh.targets)
    np.testing.assert_array_equal(again, before)


def test_what_our_own_method_cannot_serve_is_not_compared() -> None:
    record = crosscheck.judged(checks()["saliency"], Computed(error="no rule"), Computed())
    assert record["verdict"] == "not_compared" and record["reason"] == "no rule"


def test_a_map_that_is_not_finite_is_no_result(subject: Subject) -> None:
    check = replace(checks()["saliency"], other=lambda _: np.full((2, 8, 8), np.inf))
    assert sides.compute(check, "other", subject).error == "a value of its map is not finite"


def test_a_library_that_is_not_installed_is_told(subject: Subject) -> None:
    def missing(_: Subject) -> np.ndarray:
        raise UserError("shap is not installed here")

    check = replace(checks()["deep_shap"], other=missing, own=missing)
    assert sides.compute(check, "other", subject).error == "shap is not installed here"
    with pytest.raises(UserError):
        sides.compute(check, "own", subject)


def test_memory_that_is_not_there_is_told(subject: Subject) -> None:
    def greedy(_: Subject) -> np.ndarray:
        raise MemoryError

    check = replace(checks()["saliency"], other=greedy)
    assert sides.compute(check, "other", subject).error == "out of memory"


def test_a_side_comes_back_from_its_file(tmp_path) -> None:
    given = Computed({"maps": np.ones((1, 2)), "draws": np.zeros((2, 1, 2))}, 0.25, "")
    sides.write(tmp_path / "a.npz", given)
    found = sides.read(tmp_path / "a.npz")
    assert found.seconds == 0.25 and found.error == "" and list(found.arrays) == ["maps", "draws"]
    assert Attribution(found.arrays["maps"]).layer is None
