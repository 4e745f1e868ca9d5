"""One cell's page: accuracy, mistakes, explanations, and whether these can be trusted."""

from dataclasses import dataclass
from typing import Any

from heatproof.report.charts import colours
from heatproof.report.sections import cell_trust, confusion, curves, own_errors, runs
from heatproof.report.sections.calibration import reliability
from heatproof.report.sections.counterfactual_section import counterfactuals
from heatproof.report.sections.features_section import features
from heatproof.report.sections.gallery import gallery
from heatproof.report.sections.seeds import over_seeds
from heatproof.report.sections.squares import Squares, squares
from heatproof.report.study import CellResults, Study
from heatproof.run.errors import UserError
from heatproof.statistics import numbers
from heatproof.storage import paths
from heatproof.storage.records import Predictions

SHOWN_EXAMPLES = 24  # of each kind; the others are folded away


@dataclass(frozen=True)
class ClassRow:
    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    note: str


def context(study: Study, result: CellResults) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The values of a cell's template, and its picture files: suffix of the name -> PNG."""
    explanations, predictions = result.explanations(), result.predictions()
    probabilities = predictions.probabilities if predictions else None
    examples = gallery(explanations, probabilities) if explanations else None
    matrix_images = _squares(result, predictions)
    of_features = features(result.findings("features"), result.explain.get("features", {}))
    of_counterfactuals = counterfactuals(result.findings("counterfactual"))
    matrices = _matrices(result.evaluate)
    others = [c for c in study.cells if c.name != result.name]
    values = {
        "params": study.params,
        "result": result,
        "model": study.params.models[result.cell.model],
        "dataset_size": study.datasets.get(result.cell.dataset),
        "charts": curves.of_cell(result),
        "history": curves.rows(result.history),
        "matrices": matrices,
        "classes": _class_rows(result.evaluate, matrices[0] if matrices else None),
        "reliability": reliability(result.evaluate["reliability"]) if result.evaluate else None,
        "gallery": examples,
        "explained": {e.index for e in (*examples.correct, *examples.incorrect)}
        if examples
        else (),
        "palette": colours.palette(),
        "squares": matrix_images,
        "features": of_features,
        "counterfactuals": of_counterfactuals,
        "shown": SHOWN_EXAMPLES,
        "own_errors": own_errors.own_errors(result.methods()),
        "unsupported": own_errors.unsupported(result.methods()),
        "over_seeds": over_seeds(result.seeds, result.evaluate.get("test_images")),
        "runs": runs.comparison(study, result),
        "trust": cell_trust.section(study.params, result),
        "same_dataset": [c for c in others if c.cell.dataset == result.cell.dataset],
        "same_model": [c for c in others if c.cell.model == result.cell.model],
        "hit_keys": confusion.HIT_KEYS,
        "miss_keys": confusion.MISS_KEYS,
        "schedule": _flat(result.schedule.model_dump(exclude={"training"})),
        "network": _flat(study.params.models[result.cell.model].network.model_dump()),
        "training": _flat(study.params.run(result.name).training.model_dump()),
        "augmentation": _flat(study.params.datasets[result.cell.dataset].augmentation.model_dump()),
    }
    files = {f"-{m.part}": m.picture for m in matrices if m.picture is not None}
    if examples is not None:
        files |= {"": examples.images.png, "-maps": examples.maps.png}
    for suffix, sheet in (
        ("-squares", matrix_images),
        ("-features", of_features),
        ("-counterfactuals", of_counterfactuals),
    ):
        if sheet is not None:
            files[suffix] = sheet.sprite
    return values, files


def _squares(result: CellResults, predictions: Predictions | None) -> Squares | None:
    """The test images of the confusion matrix; None where images or predictions are missing."""
    images = result.test_images()
    if predictions is None or images is None:
        return None
    if len(images) != len(predictions.labels):
        predicted = paths.predictions(result.name)
        dataset = paths.processed(result.cell.dataset)
        raise UserError(
            f"{predicted} has {len(predictions.labels)} predictions, but {dataset} has "
            f"{len(images)} test images; run `dvc repro evaluate@{result.name}`"
        )
    return squares(images, predictions)


def _matrices(evaluate: dict[str, Any]) -> tuple[confusion.Matrix, ...]:
    if not evaluate:
        return ()
    return tuple(
        confusion.matrix(part, evaluate[f"confusion_{part}"], evaluate["class_names"])
        for part in ("test", "train")
    )


def _class_rows(evaluate: dict[str, Any], test: confusion.Matrix | None) -> tuple[ClassRow, ...]:
    if test is None:
        return ()
    rows = []
    for name in evaluate["class_names"]:
        content = evaluate["per_class"][name]
        never, absent = name in test.never_predicted, name in test.absent
        rows.append(
            ClassRow(
                name=name,
                # A class that is never predicted has no precision: not even 0.
                precision=None if never else content["precision"],
                recall=None if absent else content["recall"],
                f1=None if absent else content["f1"],
                support=content["support"],
                note="never predicted" if never else "not in the test set" if absent else "",
            )
        )
    return tuple(rows)


def _flat(content: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested parameters as (name, value) pairs, as typed after `dvc exp run -S`."""
    pairs = []
    for key, value in content.items():
        if isinstance(value, dict):
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            text = str(value).lower() if isinstance(value, bool) else numbers.printable(value)
            pairs.append((f"{prefix}{key}", text))
    return pairs
