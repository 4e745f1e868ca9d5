"""The networks of every architecture, as in the tests of attributions."""

from tests.attribution.conftest import architecture

__all__ = ["architecture"]
