"""`engine: library`: the library's own maps, and what is said of them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.attribution.core.attributions import attribute
from heatproof.attribution.core.method import LIBRARY, OWN, EngineOptions, UnsupportedNetwork
from heatproof.attribution.libraries import serving
from heatproof.attribution.libraries.serving import served_by, tidied
from heatproof.report.text import methods
from heatproof.run.errors import UserError
from tests.crosscheck import tiny

ENGINES = {name: method for name, method in registry.methods().items() if method.library}


def test_which_methods_have_one() -> None:
    """Those have the option; it is refused of all others."""
    assert set(ENGINES) == {
        *("gradcam", "score_cam", "saliency", "smoothgrad", "lime"),
        *("gradient_shap", "deep_shap", "partition_shap"),
    }
    for name, method in registry.methods().items():
        assert issubclass(method.options, EngineOptions) == (name in ENGINES)
        assert getattr(method.options(), "engine", OWN) == OWN


def test_the_map_is_the_librarys_and_says_so() -> None:
    subject = tiny.subject()
    taken = {"engine": LIBRARY}
    listed = {
        "gradcam": subject.options["gradcam"].model_copy(update=taken),
        "saliency": subject.options["saliency"].model_copy(update=taken),
        "guided_backprop": subject.options["guided_backprop"],
    }
    explainers = registry.with_options(listed, subject.context)
    found = attribute(subject.network, explainers, subject.images, subject.targets)
    assert set(found.engines) == {"gradcam", "saliency"}
    assert found.engines["gradcam"].startswith("tf-keras-vis 0.")
    assert found.layers == {"gradcam": "second_act"}
    for name in found.engines:
        np.testing.assert_array_equal(found.maps[name], subject.explained(name, LIBRARY))


def test_an_image_has_the_same_map_whatever_stands_beside_it() -> None:
    subject = tiny.subject()
    first = subject.first
    for name in ("smoothgrad", "gradient_shap"):
        together, alone = (each.explained(name, LIBRARY) for each in (subject, first))
        np.testing.assert_allclose(together[0], alone[0], rtol=1e-5, atol=1e-6)
        assert np.abs(together[0] - together[1]).max() > 1e-3


def test_a_class_that_is_not_the_likeliest_is_explained() -> None:
    subject = tiny.subject()
    other = replace(subject, targets=(subject.targets + 1) % 3)
    for name in ("deep_shap", "gradient_shap"):
        one, two = (each.explained(name, LIBRARY) for each in (subject, other))
        assert np.abs(one - two).max() > 1e-3
    ours, theirs = (other.explained("deep_shap", engine) for engine in (OWN, LIBRARY))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs).max())


def test_a_library_that_cannot_serve_a_network_says_why_in_place_of_maps() -> None:
    subject = tiny.subject("relu6")
    options = subject.options["deep_shap"].model_copy(update={"engine": LIBRARY})
    explainers = registry.with_options({"deep_shap": options}, subject.context)
    found = attribute(subject.network, explainers, subject.images, subject.targets)
    assert not found.maps and found.unsupported["deep_shap"].startswith("shap ")


def test_too_many_classes_for_the_memory_are_refused_before_they_are_tried(monkeypatch) -> None:
    subject = tiny.subject()
    monkeypatch.setattr(subject.network, "classes", 10**6)
    with pytest.raises(UnsupportedNetwork, match="GiB per image"):
        subject.explained("partition_shap", LIBRARY)


def test_errors_are_one_line_without_paths() -> None:
    assert tidied(ValueError("  a\n  b ")) == "ValueError: a b"
    assert tidied(ValueError()) == "ValueError: no reason given"
    staged = RuntimeError(
        'in user code:\n\n    File "/x/y.py", line 1, in f *\n    LookupError: z\n'
    )
    assert tidied(staged) == "LookupError: z"
    assert len(tidied(ValueError("x" * 9999))) < 300


def test_what_is_not_installed_is_named_with_what_to_do() -> None:
    with pytest.raises(UserError, match=r"lime is not installed here.*engine: own"):
        serving.load("lime", "no_such_module_of_lime")
    assert serving.version("no such package") == "no such package"


def test_gradients_are_as_they_were_and_memory_is_told_as_it_comes() -> None:
    from tensorflow.python.eager import execute
    from tensorflow.python.framework import ops

    registered = ops._gradient_registry._registry
    before, relu = execute.record_gradient, registered["Relu"]["type"]
    with pytest.raises(UnsupportedNetwork, match="KeyError"), served_by("shap"):
        execute.record_gradient = None
        registered["Relu"]["type"] = None
        registered["shap_Relu"] = {}
        warnings.warn("of the library's", stacklevel=1)
        raise KeyError("x")
    assert execute.record_gradient is before and registered["Relu"]["type"] is relu
    assert "shap_Relu" not in registered
    with pytest.raises(MemoryError), served_by("shap"):
        raise MemoryError


def test_the_report_names_the_library() -> None:
    plain = methods.describe("lime")
    with methods.computed_by({"lime": "lime 0.2.0.1"}):
        marked = methods.describe("lime")
        assert marked.label == "LIME (lime 0.2.0.1)"
        assert "lime 0.2.0.1" in marked.definition and plain.definition in marked.definition
        assert methods.describe("rise") == registry.methods()["rise"]
        assert methods.describe("gone").label == "gone"
    assert methods.describe("lime") is plain
