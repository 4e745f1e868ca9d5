"""Every file format of data/ and metrics/: the only reader and writer of them.

Files are atomic (see `atomic`) and byte-stable: the same content gives the same bytes on any day
and any machine. Paths are relative to the current folder, which is the repository's root in a DVC
stage. Nothing is ever unpickled.
"""

import json
import math
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stages.atomic import replacing, write, write_text
from stages.errors import UserError

if TYPE_CHECKING:
    import keras

DATA = Path("data")
METRICS = Path("metrics")
DECIMALS = 6


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
    """

    image_index: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    target: np.ndarray
    confidence: np.ndarray
    images: np.ndarray
    maps: dict[str, np.ndarray]
    class_names: tuple[str, ...]


def raw_path(dataset: str) -> Path:
    return DATA / "raw" / f"{dataset}.npz"


def processed_path(dataset: str) -> Path:
    return DATA / "processed" / f"{dataset}.npz"


def weights_path(cell: str) -> Path:
    return DATA / "models" / f"{cell}.weights.h5"


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
    arrays = _read_arrays(explanations_path(cell, family), f"explain_{family}@{cell}")
    maps = {name.removeprefix("map_"): a for name, a in arrays.items() if name.startswith("map_")}
    plain = {name: a for name, a in arrays.items() if not name.startswith("map_")}
    plain["class_names"] = tuple(str(name) for name in plain["class_names"])
    return Explanations(maps=maps, **plain)


def write_explanations(cell: str, family: str, content: Explanations) -> None:
    """Write one family's attributions of a cell, raw.

    Raises:
        ValueError: a map is not float32, or not as high and wide as the images.
    """
    rows, height, width = content.images.shape[:3]
    arrays = {f.name: getattr(content, f.name) for f in fields(content) if f.name != "maps"}
    for method, values in content.maps.items():
        if values.dtype != np.float32 or values.shape != (rows, height, width):
            raise ValueError(f"{method}: expected float32 {(rows, height, width)}")
        arrays[f"map_{method}"] = values
    arrays["class_names"] = np.array(content.class_names, dtype=np.str_)
    _write_arrays(explanations_path(cell, family), arrays)


def read_metrics(stage: str, name: str) -> dict[str, Any]:
    """Read metrics/<stage>/<name>.json. Raises UserError if it is missing or not JSON."""
    return _read_json(metrics_path(stage, name), f"{stage}@{name}")


def write_metrics(stage: str, name: str, content: dict[str, Any]) -> None:
    """Write metrics/<stage>/<name>.json: floats rounded to 6 decimals, NaN and infinity as null."""
    _write_json(metrics_path(stage, name), content)


def read_timing(stage: str, name: str) -> dict[str, float]:
    """Read a stage's durations; empty where there are none."""
    path = timing_path(stage, name)
    return _read_json(path, f"{stage}@{name}") if path.exists() else {}


def write_timing(stage: str, name: str, content: dict[str, float]) -> None:
    """Write a stage's durations, which only the report reads."""
    _write_json(timing_path(stage, name), content)


def read_table(path: Path, made_by: str = "") -> pd.DataFrame:
    """Read a CSV table. Raises UserError if it is missing; `made_by` is the stage to run."""
    _require(path, made_by)
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV (UTF-8, no index, floats with 6 significant digits)."""
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def save_weights(cell: str, model: "keras.Model") -> None:
    """Write a cell's weights, and only them: the architecture comes from params.yaml."""
    with replacing(weights_path(cell)) as temporary:
        model.save_weights(temporary)


def load_weights(cell: str, model: "keras.Model") -> None:
    """Load a cell's weights into `model`.

    Raises:
        UserError: the file is missing, damaged, or of another network.
    """
    path = weights_path(cell)
    _require(path, f"train@{cell}")
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(
            f"{path}: these weights do not fit the network that params.yaml describes, or the "
            f"file is damaged; train it again with `dvc repro -f train@{cell}` "
            f"({str(error).splitlines()[0]})"
        ) from error


def _write_record(path: Path, record: Any) -> None:
    arrays = {f.name: getattr(record, f.name) for f in fields(record)}
    arrays["class_names"] = np.array(record.class_names, dtype=np.str_)
    _write_arrays(path, arrays)


def _read_record(kind: type, path: Path, made_by: str) -> Any:
    arrays = _read_arrays(path, made_by)
    arrays["class_names"] = tuple(str(name) for name in arrays["class_names"])
    return kind(**{f.name: arrays[f.name] for f in fields(kind)})


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    write(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def _read_arrays(path: Path, made_by: str) -> dict[str, np.ndarray]:
    _require(path, made_by)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise UserError(
            f"{path}: the file is damaged ({error}); make it again with `dvc repro -f {made_by}`"
        ) from error


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(_rounded(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def _read_json(path: Path, made_by: str) -> Any:
    _require(path, made_by)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path}: not valid JSON ({error}); make it again with `dvc repro -f {made_by}`"
        ) from error


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, np.ndarray):
        return _rounded(content.tolist())
    if isinstance(content, np.generic):
        return _rounded(content.item())
    if isinstance(content, float):
        return round(content, DECIMALS) if math.isfinite(content) else None
    return content


def _require(path: Path, made_by: str) -> None:
    if not path.exists():
        remedy = f"; make it with `dvc repro {made_by}`" if made_by else ""
        raise UserError(f"{path}: there is no such file{remedy}")
