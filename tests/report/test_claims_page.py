"""The scorecard's page: what it says of each claim, and its own comparison of training times."""

import re
from pathlib import Path
from typing import Any

import pytest

from heatproof.claims import verdicts
from heatproof.report import rendering, study
from heatproof.report.pages import claims
from heatproof.storage import artifacts, paths
from tests.report import read_pages

CELL = "simple_cnn-digits"


def entry(name: str, **changes: Any) -> dict[str, Any]:
    """A claim as the stage writes it."""
    return {
        "id": name,
        "source": "one",
        "kind": "statement",
        "statement": f"What {name} says",
        "subject": None,
        "cells": [],
        "published": {"text": "", "low": None, "high": None},
        "measured": {"text": "", "interval": "", "value": None, "low": None, "high": None},
        "as_published": None,
        "device": None,
        "verdict": "holds",
        "sentence": "",
    } | changes


def time_of(low: float, high: float, **changes: Any) -> dict[str, Any]:
    return entry(
        "time",
        **{
            "kind": "training_time",
            "cells": [CELL],
            "published": {"text": "5 to 10 min", "low": low, "high": high},
            "as_published": True,
            "verdict": "in the report",
            "sentence": "Durations are not among the cached results.",
        }
        | changes,
    )


def scorecard(*entries: dict[str, Any], budget: str = "cpu") -> dict[str, Any]:
    sources = {"one": {"title": "A <study>", "note": "A note."}, "two": {"title": "B", "note": ""}}
    return {"budget": budget, "counts": {}, "sources": sources, "claims": list(entries)}


def rendered(params, content: dict[str, Any] | None) -> tuple[str, read_pages.Page]:
    values = claims.context(study.collect(params), content) | {"root": ""}
    html = rendering.environment().get_template("claims.html").render(values)
    return html, read_pages.parse(html)


def row(params, content: dict[str, Any]) -> dict[str, Any]:
    """The only row of a scorecard of one claim."""
    made = claims.context(study.collect(params), content)
    (source,) = (s for s in made["sources"] if s["topics"])
    ((only,),) = source["topics"].values()
    return only


def test_every_verdict_has_a_shape_and_words_of_its_own(small_study):
    names = [v for v in verdicts.VERDICTS if v != verdicts.IN_REPORT]
    html, page = rendered(small_study, scorecard(*(entry(v, verdict=v) for v in names)))
    assert (
        len({shape for shape, _ in claims.VERDICTS.values()}) == len(claims.VERDICTS) == len(names)
    )
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    drawn = re.findall(r'mark-(\w+)".*?>((?:<path[^>]*>|<circle[^>]*>)+)</svg> ([\w ]+)<', table)
    assert [(shape, words) for shape, _, words in drawn] == [
        (claims.VERDICTS[v][0], v) for v in names
    ]
    assert len({path for _, path, _ in drawn}) == len(names)
    assert all(meaning in page.text for _, meaning in claims.VERDICTS.values())


def test_both_numbers_the_interval_and_the_sentence(small_study):
    measured = {"text": "0.9827", "interval": "0.9801 to 0.9852"}
    claim = entry(
        "accuracy",
        kind="accuracy",
        subject="simple_cnn on digits",
        cells=[CELL, "gone-digits"][:1],
        published={"text": "0.992", "low": 0.99, "high": 0.993},
        measured=measured,
        verdict="does not hold",
        sentence="It needs <more>: `dvc repro x` does it.",
    )
    html, page = rendered(small_study, scorecard(claim))
    for text in ("simple_cnn on digits", "0.992", "0.9827", "0.9801 to 0.9852", "does not hold"):
        assert text in page.text
    assert "It needs &lt;more&gt;: <code>dvc repro x</code> does it." in html
    assert "A &lt;study&gt;" in html
    assert f"cells/{CELL}.html" in page.links
    assert "claim-accuracy" in page.ids
    assert "Test accuracy" in page.text


def test_it_links_only_to_cells_that_have_a_page(small_study):
    _, page = rendered(small_study, scorecard(entry("a", cells=["gone-digits"])))
    assert "index.html" in page.links
    assert not [link for link in page.links if "cells/" in link]


def test_the_page_is_well_formed(small_study):
    both = (entry("a"), entry("b", source="two", kind="ordering"), time_of(1, 2))
    html, page = rendered(small_study, scorecard(*both))
    assert len(page.ids) == len(set(page.ids))
    assert page.headings == [1, 2, 2, 2]
    assert " style=" not in html  # the policy would refuse it
    assert "3 published numbers and statements" in page.text


@pytest.mark.parametrize(
    ("seconds", "changes", "verdict"),
    [
        (30.0, {}, "exceeded"),
        (450.0, {}, "holds"),
        (700.0, {}, "does not hold"),
        (450.0, {"as_published": False}, "not tested at this budget"),
        (450.0, {"device": "gpu"}, "not tested at this budget"),
        (450.0, {"device": "cpu"}, "holds"),
        (450.0, {"cells": []}, "not run"),
    ],
)
def test_a_training_time_is_compared_here(small_study, seconds, changes, verdict):
    artifacts.write_timing("train", CELL, {"train_seconds": seconds})
    only = row(small_study, scorecard(time_of(300, 600, **changes)))
    assert only["verdict"] == verdict
    assert verdict == "not run" or only["measured"]["text"] == claims.numbers.duration(seconds)


def test_a_training_that_was_not_timed_is_marked(small_study):
    paths.timing("train", CELL).unlink()
    only = row(small_study, scorecard(time_of(300, 600)))
    assert (only["verdict"], only["measured"]["text"]) == ("not run", "")
    assert only["sentence"] == "No training time was measured."


def test_the_counts_include_the_times(small_study):
    artifacts.write_timing("train", CELL, {"train_seconds": 30.0})
    content = scorecard(time_of(300, 600), entry("a"), entry("b", source="two"))
    made = claims.context(study.collect(small_study), content)
    assert made["tally"] == {"holds": 2, "exceeded": 1}
    assert made["sources"][0]["counts"] == {"holds": 1, "exceeded": 1}


def test_another_budget_is_warned_of(small_study):
    _, page = rendered(small_study, scorecard(entry("a"), budget="paper"))
    assert "Compared under another budget." in page.text
    _, page = rendered(small_study, scorecard(entry("a"), budget=small_study.budget))
    assert "another budget" not in page.text


def test_nothing_compared_yet_is_stated(small_study):
    _, page = rendered(small_study, None)
    assert "Not compared yet: run dvc repro claims." in page.text


def test_the_real_claims_have_a_page(small_study, repository: Path):
    from heatproof.claims import description, statements
    from heatproof.claims.scorecard import scorecard as compare

    book = description.load(statements.NEEDS, repository / "claims.yaml")
    _, page = rendered(small_study, compare(small_study, book))
    assert sum(name.startswith("claim-") for name in page.ids) == len(book.claims)
    assert "params.yaml has no cell 'resnet18-mnist'." in page.text
