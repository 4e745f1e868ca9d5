"""What the tests of several methods share."""

import pytest

from tests.attribution import architectures


@pytest.fixture(scope="session", params=architectures.NAMES)
def every_architecture(request: pytest.FixtureRequest) -> architectures.Architecture:
    """Return each of the seven architectures in turn, with its `Network`, built once a session."""
    return architectures.shared(request.param)


@pytest.fixture(scope="session", params=architectures.KINDS)
def architecture(request: pytest.FixtureRequest) -> architectures.Architecture:
    """Return architectures in turn that have every kind of layer between them."""
    return architectures.shared(request.param)
