"""The table of dead filters: of networks with ReLU, and a sentence for those without."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from heatproof.report.rendering import environment
from heatproof.report.sections.features_section import Features


@pytest.mark.parametrize("rectifies", [True, False])
def test_dead_filters(rectifies: bool) -> None:
    layers = {"conv_relu": {"channels": 4, "dead": 1, "near_dead": 0}} if rectifies else {}
    features = Features((), (), None, (), {"test_images": 400, "layers": layers}, cast(Any, None))
    values = {"result": SimpleNamespace(name="a-b"), "root": "", "colours_note": ""}
    template = environment().get_template("features.html")
    page = template.render(values, features=features, not_possible={})
    assert ("conv_relu" in page) == ("<table" in page) == rectifies
    assert ("no layer of this network ends in one" in page) != rectifies
