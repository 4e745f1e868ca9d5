"""What tests of attributions have for those of their measures."""

from tests.attribution.conftest import architecture

__all__ = ["architecture"]
