"""Tables for people: as pandas writes them, and read without guessing at names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heatproof.storage import paths, tables


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_table_keeps_names_that_look_like_missing_values():
    path = paths.predictions_csv("m-d")
    tables.write_table(path, pd.DataFrame({"true": ["NA", "None"], "p": [0.1234567, 1e-9]}))
    assert path.read_text() == "true,p\nNA,0.123457\nNone,1e-09\n"
    assert tables.read_table(path)["true"].tolist() == ["NA", "None"]


def test_a_table_is_written_as_pandas_writes_it():
    table = {
        "epoch": np.arange(1, 6),
        "loss": np.array([1 / 3, 1e-12, float("nan"), 123456789.0, float("inf")]),
        "plain": [0.1, 2.0, -0.0, 1e22, 5e-324],
        "name": ["a,b", 'say "x"', "line\nbreak", "", "Zürich"],
        "flag": [True, False, True, False, True],
    }
    path = paths.history("m-d")
    tables.write_table(path, table)
    expected = pd.DataFrame(table).to_csv(index=False, lineterminator="\n", float_format="%.6g")
    assert path.read_bytes() == expected.encode()
    tables.write_table(path, pd.DataFrame(table))
    assert path.read_bytes() == expected.encode()
