"""What the tests of several methods share."""

import pytest

from heatproof.attribution.core.network import Network
from tests.attribution import architectures


@pytest.fixture(scope="session", params=architectures.NAMES)
def every_architecture(request: pytest.FixtureRequest) -> architectures.Architecture:
    """Return each of the seven architectures in turn, with its `Network`, built once a session."""
    return architectures.shared(request.param)


@pytest.fixture(scope="session", params=architectures.KINDS)
def architecture(request: pytest.FixtureRequest) -> architectures.Architecture:
    """Return architectures in turn that have every kind of layer between them."""
    return architectures.shared(request.param)


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what is compiled as it is: for a few images, compiling would take most of the time."""
    monkeypatch.setattr(Network, "compiled", lambda self, key, function, autograph=False: function)
