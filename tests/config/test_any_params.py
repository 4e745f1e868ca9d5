"""Property tests of params.yaml: whatever it says is valid and trains, or is refused in a sentence.

The same examples every time, without a deadline: a machine under load finds what another finds.
"""

import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from heatproof.config import params
from heatproof.run import ending
from heatproof.run.errors import UserError, shown_key
from heatproof.storage.records import Dataset
from stages import train
from tests import any_params

CELL = "simple_cnn-digits"
BASE = any_params.as_yaml(any_params.small_params())
FIXED = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}
REMEDIES = re.compile(
    r"correct|known: |add (it|a line|`)|rename|restore|expected|did you mean|give |name one|move"
)
REFERRING = {"cells", "runs", "shuffled", "compared", "published", "corrupted", "models",
             "foreground", "expected a mapping"}  # fmt: skip
LONGEST = 2000  # characters of a message: a screen of it


@pytest.fixture(scope="module", autouse=True)
def _in_an_empty_folder(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("any"))
        patch.setenv("STUDY_TRACKING", "off")
        patch.setattr(sys, "argv", ["train", "--run", CELL])
        yield


def outcome(capsys: pytest.CaptureFixture[str]) -> str:
    """Run the stage as its command does; return why params.yaml is refused, or "" if it is not.

    Valid parameters come as far as the images, which are not there.
    """
    with pytest.raises(SystemExit) as ended:
        ending.run(train.main)
    printed, said = capsys.readouterr()
    assert (ended.value.code, printed) == (2, "")
    assert said.startswith("error: ")
    assert "Traceback" not in said
    assert said.count("\n") <= 1 + 11  # ten mistakes, and how many more
    assert len(said) <= LONGEST
    assert all(character.isprintable() or character == "\n" for character in said)
    if "digits.npz: there is no such file" in said or "there is no run" in said:
        params.load()
        return ""
    assert said.startswith("error: params.yaml: ")
    assert REMEDIES.search(said), said
    return said


@settings(max_examples=500, **FIXED)
@given(case=any_params.changed())
def test_any_change_of_a_value_or_key_is_valid_or_named(case, capsys) -> None:
    content, paths = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: content)
        said = outcome(capsys)
    if not said:
        return
    # Another part of the file may refer to what changed, and is then the one that is named.
    blocks = {shown_key(str(path[0]) or "''") for path in paths} | REFERRING
    assert any(f"params.yaml: {block}" in said for block in blocks), said


@settings(max_examples=150, **FIXED)
@given(content=any_params.mistyped(BASE))
def test_any_text_is_valid_or_named(content: bytes, capsys) -> None:
    Path("params.yaml").write_bytes(content)
    outcome(capsys)
    assert not Path("planted").exists()


class Trained(Exception):
    """An epoch is over."""


def is_valid(content: dict[str, Any]) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: content)
        try:
            params.load()
        except UserError:
            return False
    return True


@settings(max_examples=8, **FIXED)
@given(case=any_params.trainable(is_valid))
def test_what_is_valid_trains(case) -> None:
    import keras
    import tensorflow as tf

    from heatproof.training import runs

    content, cell = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: content)
        study = params.load()
    random = np.random.default_rng(0)
    labels = np.arange(16, dtype=np.int64) % 4
    images = random.integers(0, 256, (16, 8, 8, 1), dtype=np.uint8)
    dataset = Dataset(images, labels, images[:4], labels[:4], ("a", "b", "c", "d"))

    def after_an_epoch(numbers, epoch: int) -> None:
        if math.isfinite(numbers["loss"]):
            raise Trained

    # The same operations as in a graph, without the second that making a graph takes.
    tf.config.run_functions_eagerly(True)
    keras.utils.set_random_seed(study.seed)
    run = study.run(cell)
    mixed = run.training.mixed_precision
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("heatproof.training.batches.Batches.num_batches", 1)  # one step an epoch
            with pytest.raises((Trained, UserError), match=r"^$|learning_rate|normalisation"):
                runs.train_run(run, dataset, after_an_epoch)
    finally:
        tf.config.run_functions_eagerly(False)
        keras.mixed_precision.set_global_policy("float32")
