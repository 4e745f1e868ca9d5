"""What tests of params.yaml share."""

from pathlib import Path

import pytest

from heatproof.config import params
from tests.config.changed_params import changed


@pytest.fixture
def study(tmp_path: Path) -> params.Params:
    """The real file with known cells."""
    return params.load(changed(tmp_path, "seed", 42))
