"""Cross-validation stands beside the test accuracy, with its cost."""

from heatproof.report import study
from heatproof.report.pages import cell, overview
from heatproof.report.sections.cross_validation import cross_validated
from heatproof.storage import artifacts

FOUND = {
    "kind": "balanced_accuracy", "mean": 0.78125, "low": 0.6, "high": 0.95,
    "baseline": 0.5, "folds": 5, "repeats": 2, "images": 24, "trained_on": 19.2,
    "train_seconds": 75.0,
}  # fmt: skip


def test_in_words() -> None:
    assert cross_validated(FOUND) == (
        "Cross-validated balanced accuracy 78.1 %, 95 % interval 60.0 to 95.0 %, corrected for "
        "networks that share training images; always the same class: 50.0 %; 5 folds of 24 "
        "training images, 2 times, each predicted by a network trained on 19 others; 10 trainings, "
        "1 min 15 s."
    )
    once = cross_validated(FOUND | {"repeats": 1, "train_seconds": 0.0})
    assert "5 folds of 24 training images, each" in once and once.endswith("; 5 trainings.")
    assert cross_validated(None) == cross_validated({}) == ""
    assert cross_validated({}, (3, 5)) == (
        "Cross-validation is not finished: 3 of 5 trainings are evaluated."
    )


def test_it_is_on_the_cells_page_and_on_the_overview(small_study) -> None:
    first = next(iter(small_study.cells))
    entry = small_study.runs[first]
    further = {
        f"{first}-fold{fold}of2": entry.model_copy(update={"fold": fold, "folds": 2})
        for fold in (1, 2)
    }
    for run in further:
        measured = {"accuracy": 0.5, "test_images": 10, "majority_accuracy": 0.3}
        artifacts.write_metrics("evaluate", run, measured)
        artifacts.write_metrics("train", run, {"train_images": 9, "validation_images": 1})
    collected = study.collect(small_study.model_copy(update={"runs": small_study.runs | further}))
    names = [name for name, text in overview.context(collected)["more_runs"] if "folds" in text]
    assert names == [first]
    texts = [cell.context(collected, result)[0]["over_folds"] for result in collected.cells]
    assert "20 training images" in texts[0] and texts[1] == ""
    assert collected.cells[0].fold_runs == (2, 2) and collected.finished == 4
    # The interval of 10 in 20 reaches to 0.3, and the test images' 93 % do not.
    assert collected.cells[0].remarks[-1].startswith("Cross-validation does not confirm what its")
    assert not collected.cells[1].remarks
