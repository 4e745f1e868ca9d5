"""What further seeds gave stands beside the accuracy, where any were trained."""

from heatproof.report import study
from heatproof.report.pages import cell, overview
from heatproof.report.sections.seeds import over_seeds
from heatproof.statistics.spread import spread
from heatproof.storage import artifacts

FOUND = {"seeds": [1, 2, 3], "accuracy": spread([0.97, 0.98, 0.99])}


def test_in_words() -> None:
    assert over_seeds(FOUND) == (
        "Trained with 3 seeds: 97.0 to 99.0 %, mean 98.0 %, standard deviation 1.0 points."
    )
    assert "97.00 to 99.00 %" in over_seeds(FOUND, 10_000)
    assert over_seeds(None) == ""


def test_it_is_on_the_cells_page_and_on_the_overview(small_study) -> None:
    first = next(iter(small_study.cells))
    entry = small_study.runs[first]
    further = {f"{first}-seed{seed}": entry.model_copy(update={"seed": seed}) for seed in (1, 2)}
    for run in further:
        artifacts.write_metrics("evaluate", run, {"accuracy": 0.5})
    collected = study.collect(small_study.model_copy(update={"runs": small_study.runs | further}))
    names = [name for name, text in overview.context(collected)["more_runs"] if "3 seeds" in text]
    assert names == [first]
    texts = [cell.context(collected, result)[0]["over_seeds"] for result in collected.cells]
    assert "3 seeds" in texts[0] and texts[1] == ""
