"""What `heatproof tune` is told on its command line, and refuses before it searches."""

import pytest

from tools.tune import _parser


@pytest.mark.parametrize("value", ["-1", "0", "nan", "soon"])
def test_a_time_is_a_number_of_minutes(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args(["simple_cnn-digits", f"--timeout={value}"])
    assert ended.value.code == 2
    assert f"{value}: expected a number of minutes above 0" in capsys.readouterr().err
    assert _parser().parse_args(["simple_cnn-digits", "--timeout=0.5"]).timeout == 0.5
