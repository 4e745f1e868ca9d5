"""What all tests of training have."""

import pytest

from heatproof.training import loop


@pytest.fixture(autouse=True)
def a_step_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make a graph of one step takes two thirds of the time of one of several."""
    monkeypatch.setattr(loop, "MAX_STEPS", 1)
