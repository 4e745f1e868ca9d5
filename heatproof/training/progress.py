"""What a person sees of a training: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import keras

from heatproof.run.progress import time_text

if TYPE_CHECKING:
    from tqdm import tqdm


class TrainingProgress(keras.callbacks.Callback):
    """Show the training's progress and hand each epoch's numbers to `listener`.

    On a terminal a bar counts the steps and tells the time left, where tqdm is installed; after
    each epoch, on a terminal and in a log alike, a line gives its numbers.
    """

    def __init__(
        self,
        title: str,
        epochs: int,
        steps: int,
        listener: Callable[[Mapping[str, float], int], None] = lambda numbers, epoch: None,
        done: int = 0,
    ) -> None:
        """Prepare for `epochs` epochs of `steps` steps, of which `done` epochs were done before.

        `listener` gets (numbers, epoch from 1).
        """
        super().__init__()
        self.title, self.epochs, self.steps, self.listener = title, epochs, steps, listener
        self.done = done
        self.bar: tqdm | None = None
        self.counted = 0  # steps of this epoch that the bar has
        self.started = 0.0

    def on_train_begin(self, logs=None) -> None:
        self.started = time.monotonic()
        if not sys.stderr.isatty():
            return
        with suppress(ImportError):
            from tqdm import tqdm

            self.bar = tqdm(
                total=self.epochs * self.steps,
                initial=self.done * self.steps,
                desc=self.title,
                unit="step",
                leave=False,
            )

    def on_epoch_begin(self, epoch, logs=None) -> None:
        self.counted = 0

    def on_train_batch_end(self, batch, logs=None) -> None:
        """Count up to this batch: callbacks are called once where several steps are one dispatch.

        Keras counts the last dispatch of an epoch as if it were as long as the others.
        """
        now = min(batch + 1, self.steps)
        if self.bar:
            self.bar.update(now - self.counted)
        self.counted = now

    def on_epoch_end(self, epoch, logs=None) -> None:
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        numbers["learning_rate"] = float(
            keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        )
        # History is kept from `logs`, so the rate joins it there.
        if logs is not None:
            logs["learning_rate"] = numbers["learning_rate"]
        spent = time.monotonic() - self.started
        share = (epoch + 1 - self.done) / (self.epochs - self.done)
        if self.bar:
            self.bar.clear()
        print(
            f"{self.title}: epoch {epoch + 1}/{self.epochs}  loss {numbers['loss']:.4f}  "
            f"accuracy {numbers['accuracy']:.4f}  val_loss {numbers['val_loss']:.4f}  "
            f"val_accuracy {numbers['val_accuracy']:.4f}  {time_text(spent, share)}",
            flush=True,
        )
        self.listener(numbers, epoch + 1)

    def on_train_end(self, logs=None) -> None:
        if self.bar:
            self.bar.close()
