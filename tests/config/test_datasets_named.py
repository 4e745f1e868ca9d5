"""Names of datasets that stand elsewhere in params.yaml."""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import real_params


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"assess": {"foreground": ["mnist", "digit"]}},
         r"assess\.foreground: 'digit' is no dataset; did you mean 'digits'\?"),
        ({"models": {"simple_cnn": {"schedules": {"paper": {"mnits": {}}}}}},
         r"models\.simple_cnn\.schedules\.paper: 'mnits' is no dataset; did you mean 'mnist'\?"),
    ],
)  # fmt: skip
def test_an_unknown_dataset_is_named_with_the_nearest(
    change: dict, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "params.yaml"
    overlay.write(path, overlay.merged(real_params(), change))
    with pytest.raises(UserError, match=message):
        params.load(path)
