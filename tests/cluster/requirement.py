"""Ray is an optional requirement; looking for it must not import it.

Ray reads when it is imported whether a token is wanted, and takes seconds for it.
"""

import importlib.util

import pytest

RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="requirements-cluster.txt is not installed"
)
