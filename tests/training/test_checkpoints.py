"""A training that was interrupted ends in the same bytes as one that was not."""

from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.run import runtime
from heatproof.storage.scratch import Scratch
from heatproof.training import loop
from heatproof.training.checkpoints import Checkpoint, key_of
from tests.training.test_loop import halves, planned, run
from tests.training.test_schedule import training

EPOCHS = 5


class Interrupted(BaseException):
    """As a kill is: nothing in the training's way catches it."""


def network() -> keras.Model:
    """Return a network with all that has a state: batch norm, dropout, a random augmentation."""
    runtime.configure(threads=2, seed=1)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.RandomTranslation(0.1, 0.1, seed=5)(inputs)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dropout(0.3, seed=4)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(2)(x), name="tiny")


def end(model: keras.Model, outcome) -> tuple[bytes, dict[str, list[float]], int]:
    weights = b"".join(array.tobytes() for array in model.get_weights())
    return weights, {n: list(v) for n, v in outcome.history.items()}, outcome.best_epoch


@pytest.mark.parametrize(
    ("decay", "options", "after"),
    [
        ("one_cycle", {"optimizer": "adam"}, 3),
        ("reduce_on_plateau", {"optimizer": "sgd", "lookahead_steps": 3, "bias_rate": 4.0}, 1),
    ],
)
def test_it_ends_in_the_same_bytes(tmp_path, monkeypatch, decay, options, after) -> None:
    monkeypatch.setattr(loop, "MAX_STEPS", 20)  # as it is, and not as for other tests
    plan = planned(epochs=EPOCHS, decay=decay, learning_rate=0.003)
    settings = training(early_stopping_patience=0, plateau_patience=1, **options)
    whole = end(*run(network(), plan, settings))

    def stop(numbers, epoch: int) -> None:
        if epoch == after + 1:
            raise Interrupted

    checkpoint = Checkpoint(tmp_path / "cell.npz", "key")
    with pytest.raises(Interrupted):
        run(network(), plan, settings, checkpoint=checkpoint, listener=stop)
    seen: list[int] = []
    model, outcome = run(
        network(),
        plan,
        settings,
        checkpoint=checkpoint,
        listener=lambda n, epoch: seen.append(epoch),
    )
    assert seen == list(range(after + 1, EPOCHS + 1))
    assert end(model, outcome) == whole
    assert outcome.seconds_before > 0


def test_early_stopping_goes_on_counting_and_stays_stopped(tmp_path: Path) -> None:
    # Nothing to learn from a rate of next to nothing: the first epoch stays the best.
    plan = planned(epochs=9, decay="constant", learning_rate=1e-9)
    settings = training(early_stopping_patience=3)
    whole = end(*run(network(), plan, settings))
    assert len(whole[1]["epoch"]) == whole[2] + 3 < 9

    def stop(numbers, epoch: int) -> None:
        if epoch == 3:
            raise Interrupted

    checkpoint = Checkpoint(tmp_path / "cell.npz", "key")
    with pytest.raises(Interrupted):
        run(network(), plan, settings, checkpoint=checkpoint, listener=stop)
    assert end(*run(network(), plan, settings, checkpoint=checkpoint)) == whole
    # Killed after the last epoch, before the results were written: no epoch is run again.
    seen: list[int] = []
    again = run(
        network(), plan, settings, checkpoint=checkpoint, listener=lambda n, e: seen.append(e)
    )
    assert end(*again) == whole and not seen


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple, bytes]:
    """What a short training ended in, and its checkpoint."""
    path = tmp_path_factory.mktemp("saved") / "cell.npz"
    return end(
        *run(network(), planned(epochs=2), checkpoint=Checkpoint(path, "key"))
    ), path.read_bytes()


@pytest.mark.parametrize("harm", ["foreign", "short", "noise", "empty", "pickle"])
def test_a_useless_checkpoint_is_ignored_with_a_word(
    saved: tuple[tuple, bytes], tmp_path: Path, harm: str, capsys
) -> None:
    whole, content = saved
    path = tmp_path / "cell.npz"
    path.write_bytes(content)
    if harm == "pickle":
        np.savez(path, state=np.array([{"key": "key"}], dtype=object), allow_pickle=True)
    elif harm != "foreign":
        path.write_bytes(
            {"short": content[: len(content) // 2], "noise": b"x" * 999, "empty": b""}[harm]
        )
    capsys.readouterr()
    checkpoint = Checkpoint(path, "another key" if harm == "foreign" else "key")
    if harm == "noise":
        assert end(*run(network(), planned(epochs=2), checkpoint=checkpoint)) == whole
    else:
        assert checkpoint.read() is None
    said = capsys.readouterr().out
    assert "starting from the first epoch" in said
    assert ("of another training" if harm == "foreign" else "damaged") in said


def test_a_checkpoint_is_whole_or_ignored_wherever_a_bit_flips(
    saved: tuple[tuple, bytes], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    _, content = saved
    path = tmp_path / "cell.npz"
    path.write_bytes(content)
    whole = Checkpoint(path, "key").read()
    assert whole is not None
    ignored = 0
    for place in range(0, len(content), 97):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        capsys.readouterr()
        state = Checkpoint(path, "key").read()
        if state is None:
            assert "starting from the first epoch" in capsys.readouterr().out
            ignored += 1
        else:
            assert all(map(np.array_equal, state.variables, whole.variables)), place
    assert ignored


def test_a_diverged_training_leaves_no_checkpoint(tmp_path: Path) -> None:
    from heatproof.run.errors import UserError

    checkpoint = Checkpoint(tmp_path / "cell.npz", "key")
    with pytest.raises(UserError, match=r"learning_rate = 10\.0 is probably too high"):
        run(network(), planned(learning_rate=10.0, epochs=2, decay="constant"),
            training(optimizer="sgd"), checkpoint=checkpoint)  # fmt: skip
    assert not checkpoint.path.exists()


def test_the_key_stands_for_settings_data_and_code(tmp_path: Path) -> None:
    images, labels = halves(20)
    code = tmp_path / "code.py"
    code.write_text("x = 1\n")
    key = key_of({"seed": 1}, images, [labels], [code])
    assert key == key_of({"seed": 1}, images.copy(), [labels], [tmp_path])
    other = images.copy()
    other[0, 0, 0] += 1
    stored = Scratch(len(images), images.shape[1:])
    stored[0] = images
    assert key == key_of({"seed": 1}, stored.images(), [labels], [code])
    assert key != key_of({"seed": 2}, images, [labels], [code])
    assert key != key_of({"seed": 1}, other, [labels], [code])
    code.write_text("x = 2\n")
    assert key != key_of({"seed": 1}, images, [labels], [code])
