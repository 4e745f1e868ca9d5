"""What the stages hand on, in memory: datasets, predictions, explanations."""

from dataclasses import dataclass, field

import numpy as np

from heatproof.statistics.softmax import softmax


@dataclass(frozen=True)
class RawDataset:
    """A dataset as its source gives it, in canonical order.

    images, test_images: uint8 (n, height, width, channels); labels, test_labels: int64 (n,),
    indices into class_names. The test arrays have no rows where the source brings no test part.
    test_masks: uint8 (n, height, width), 1 where a test image's evidence is, if that is known.
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    test_masks: np.ndarray | None = None


@dataclass(frozen=True)
class Dataset:
    """A dataset ready for training: split into training and test part, shuffled by the seed.

    Images are uint8 (n, height, width, channels), labels int64 (n,). test_masks: uint8 (n, height,
    width), 1 where a test image's evidence is, where that is known.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    test_masks: np.ndarray | None = None


@dataclass(frozen=True)
class Predictions:
    """What a trained cell says of the test images, in the dataset's order.

    labels: int64 (n,); logits: float32 (n, classes).
    """

    labels: np.ndarray
    logits: np.ndarray
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """The most likely class of each image, int64 (n,)."""
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        """The softmax of the logits, float64 (n, classes); rows sum to 1."""
        return softmax(self.logits)

    @property
    def confidence(self) -> np.ndarray:
        """The predicted class' probability, float64 (n,)."""
        return self.probabilities.max(axis=1)


@dataclass(frozen=True)
class Explanations:
    """One family's attributions: one row for each pair of an image and a target class.

    image_index: int64 (rows,), into the test set. label, predicted, target: int64 (rows,), class
    indices. confidence: float32 (rows,), the predicted class' probability. images: uint8 (rows,
    height, width, channels). maps: method -> float32 (rows, height, width) in input pixels, raw.
    numbers: method -> name -> float32 (rows,), what the method says of its own error; NaN where
    there is none.
    """

    image_index: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    target: np.ndarray
    confidence: np.ndarray
    images: np.ndarray
    maps: dict[str, np.ndarray]
    class_names: tuple[str, ...]
    numbers: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
