"""What lies in data/ and metrics/, and where: the only reader and writer of it.

Files are atomic and byte-stable (see `atomic` and `formats`). Paths are relative to the current
folder, which is the repository's root in a DVC stage.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stages.atomic import replacing, write_text
from stages.errors import UserError
from stages.formats import read_arrays, read_json, require, write_arrays, write_json

if TYPE_CHECKING:
    import keras

DATA = Path("data")
METRICS = Path("metrics")


@dataclass(frozen=True)
class RawDataset:
    """A dataset as its source gives it, in canonical order.

    images, test_images: uint8 (n, height, width, channels); labels, test_labels: int64 (n,),
    indices into class_names. The test arrays have no rows where the source brings no test part.
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A dataset ready for training: split into training and test part, shuffled by the seed.

    Images are uint8 (n, height, width, channels), labels int64 (n,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]


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
        exponents = np.exp(self.logits - self.logits.max(axis=1, keepdims=True), dtype=np.float64)
        return exponents / exponents.sum(axis=1, keepdims=True)

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


def raw_path(dataset: str) -> Path:
    return DATA / "raw" / f"{dataset}.npz"


def processed_path(dataset: str) -> Path:
    return DATA / "processed" / f"{dataset}.npz"


def weights_path(cell: str, twin: bool = False) -> Path:
    return DATA / "models" / f"{cell}{'.twin' if twin else ''}.weights.h5"


def predictions_path(cell: str) -> Path:
    return DATA / "predictions" / f"{cell}.npz"


def predictions_csv_path(cell: str) -> Path:
    return DATA / "predictions" / f"{cell}.csv"


def explanations_path(cell: str, family: str) -> Path:
    return DATA / "explanations" / cell / f"{family}.npz"


def metrics_path(stage: str, name: str) -> Path:
    return METRICS / stage / f"{name}.json"


def history_path(cell: str) -> Path:
    return METRICS / "history" / f"{cell}.csv"


def timing_path(stage: str, name: str) -> Path:
    return METRICS / "timing" / stage / f"{name}.json"


def read_raw(dataset: str) -> RawDataset:
    """Read data/raw/<dataset>.npz. Raises UserError if it is missing or damaged."""
    return _read_record(RawDataset, raw_path(dataset), f"fetch@{dataset}")


def write_raw(dataset: str, content: RawDataset) -> None:
    """Write data/raw/<dataset>.npz."""
    _write_record(raw_path(dataset), content)


def read_dataset(dataset: str) -> Dataset:
    """Read data/processed/<dataset>.npz. Raises UserError if it is missing or damaged."""
    return _read_record(Dataset, processed_path(dataset), f"preprocess@{dataset}")


def write_dataset(dataset: str, content: Dataset) -> None:
    """Write data/processed/<dataset>.npz."""
    _write_record(processed_path(dataset), content)


def read_predictions(cell: str) -> Predictions:
    """Read data/predictions/<cell>.npz. Raises UserError if it is missing or damaged."""
    return _read_record(Predictions, predictions_path(cell), f"evaluate@{cell}")


def write_predictions(cell: str, content: Predictions) -> None:
    """Write data/predictions/<cell>.npz."""
    _write_record(predictions_path(cell), content)


def read_explanations(cell: str, family: str) -> Explanations:
    """Read one family's attributions of a cell. Raises UserError if missing or damaged."""
    plain: dict[str, Any] = {}
    maps: dict[str, np.ndarray] = {}
    numbers: dict[str, dict[str, np.ndarray]] = {}
    for name, array in read_findings(cell, family).items():
        kind, _, method = name.partition("/")
        if kind == "map":
            maps[method] = array
        elif kind == "number":
            method, _, number = method.partition("/")
            numbers.setdefault(method, {})[number] = array
        else:
            plain[name] = array
    expected = {f.name for f in fields(Explanations)} - {"maps", "numbers"}
    if plain.keys() != expected:
        raise UserError(
            f"{explanations_path(cell, family)}: not the arrays that the code reads: it is older "
            f"or damaged; make it again with `dvc repro -f explain_{family}@{cell}`"
        )
    plain["class_names"] = tuple(str(name) for name in plain["class_names"])
    return Explanations(maps=maps, numbers=numbers, **plain)


def write_explanations(cell: str, family: str, content: Explanations) -> None:
    """Write one family's attributions of a cell, raw.

    Raises:
        ValueError: a map is not float32, or not as high and wide as the images; or there are not as
            many numbers as rows.
    """
    rows, height, width = content.images.shape[:3]
    arrays = {f.name: getattr(content, f.name) for f in fields(content)}
    arrays = {n: a for n, a in arrays.items() if n not in ("maps", "numbers", "class_names")}
    for method, values in content.maps.items():
        if values.dtype != np.float32 or values.shape != (rows, height, width):
            raise ValueError(f"{method}: expected float32 {(rows, height, width)}")
        arrays[f"map/{method}"] = values
    for method, named in content.numbers.items():
        for name, values in named.items():
            if values.shape != (rows,):
                raise ValueError(f"{method}: {name}: expected {rows} numbers")
            arrays[f"number/{method}/{name}"] = values.astype(np.float32)
    arrays["class_names"] = np.array(content.class_names, dtype=np.str_)
    write_findings(cell, family, arrays)


def read_findings(cell: str, family: str) -> dict[str, np.ndarray]:
    """Read a family's named arrays, as its module describes them. Raises UserError if missing."""
    return read_arrays(explanations_path(cell, family), f"explain_{family}@{cell}")


def write_findings(cell: str, family: str, arrays: dict[str, np.ndarray]) -> None:
    """Write a family's named arrays."""
    write_arrays(explanations_path(cell, family), arrays)


def read_metrics(stage: str, name: str) -> dict[str, Any]:
    """Read metrics/<stage>/<name>.json. Raises UserError if it is missing or not JSON."""
    return read_json(metrics_path(stage, name), f"{stage}@{name}")


def write_metrics(stage: str, name: str, content: dict[str, Any]) -> None:
    """Write metrics/<stage>/<name>.json: floats rounded to 6 decimals, NaN and infinity as null."""
    write_json(metrics_path(stage, name), content)


def read_timing(stage: str, name: str) -> dict[str, float]:
    """Read a stage's durations; empty where there are none."""
    path = timing_path(stage, name)
    return read_json(path, f"{stage}@{name}") if path.exists() else {}


def write_timing(stage: str, name: str, content: dict[str, float]) -> None:
    """Write a stage's durations, which only the report reads."""
    write_json(timing_path(stage, name), content)


def read_table(path: Path, made_by: str = "") -> pd.DataFrame:
    """Read a CSV table. Raises UserError if it is missing; `made_by` is the stage to run."""
    require(path, made_by)
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV (UTF-8, no index, floats with 6 significant digits)."""
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def save_weights(cell: str, model: "keras.Model", twin: bool = False) -> None:
    """Write a cell's weights, and only them: the architecture comes from params.yaml.

    A compiled model would add its optimiser's state (twice the size again, for Adam) and its
    name, which counts on within a process: the file would depend on what ran before.
    """
    import keras

    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    with replacing(weights_path(cell, twin)) as temporary:
        bare.save_weights(temporary)


def load_weights(cell: str, model: "keras.Model", twin: bool = False) -> None:
    """Load a cell's weights, or its twin's, into `model`.

    Raises:
        UserError: the file is missing, damaged, or of another network.
    """
    path = weights_path(cell, twin)
    made_by = f"{'train_twin' if twin else 'train'}@{cell}"
    require(path, made_by)
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(
            f"{path}: these weights do not fit the network that params.yaml describes, or the "
            f"file is damaged; train it again with `dvc repro -f {made_by}` "
            f"({str(error).splitlines()[0]})"
        ) from error


def _write_record(path: Path, record: Any) -> None:
    arrays = {f.name: getattr(record, f.name) for f in fields(record)}
    arrays["class_names"] = np.array(record.class_names, dtype=np.str_)
    write_arrays(path, arrays)


def _read_record(kind: type, path: Path, made_by: str) -> Any:
    arrays = read_arrays(path, made_by)
    arrays["class_names"] = tuple(str(name) for name in arrays["class_names"])
    return kind(**{f.name: arrays[f.name] for f in fields(kind)})
