"""The inspect stage: what it writes and says, the same each time."""

import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.storage import artifacts, origins, paths
from heatproof.storage.records import Dataset
from stages.inspect import inspected
from tests import small_cell, stored
from tests.datasets.quality.pictures import photographs


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the real params.yaml, shrunk."""
    monkeypatch.chdir(tmp_path)
    small_cell.write_params("simple_cnn-digits")
    return tmp_path


def test_a_leak_is_said_and_written_the_same_each_time(capsys) -> None:
    images = photographs()
    labels = np.arange(40) % 2
    stored.write(
        "digits", Dataset(images[:40], labels, images[38:60], labels[:22], ("roof", "petal"))
    )
    origins.write("digits", origins.UNKNOWN)
    inspected("digits")
    assert "inspect digits: LEAK: 2 of 22 test images (9.1 %)" in capsys.readouterr().out
    content = artifacts.read_metrics("inspect", "digits")
    assert content["copies"]["leaked"] == [0, 1]
    assert len(artifacts.read_inspection("digits")) == len(content["pictures"])
    files = [paths.inspection("digits"), paths.metrics("inspect", "digits")]
    before = [file.read_bytes() for file in files]
    inspected("digits")
    assert [file.read_bytes() for file in files] == before


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(UserError, match="there is no dataset"):
        inspected("digit")
