"""The page on a search in a real browser, from file://, with names that nobody should choose."""

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest

from heatproof.report.pages import tuning
from heatproof.tuning.trials import Result, Trial
from tests.browser.conftest import HOSTILE
from tests.browser.test_accessibility import axe, violations  # noqa: F401 (a fixture)
from tests.browser.test_pages import SCREENS, requested, sound_pictures
from tests.report.pages.test_tuning import BEST, tuned

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write the page of a search that has everything, with hostile values and reasons."""
    found = tuned()
    trials = [
        replace(trial, values=trial.values | {HOSTILE[0]: HOSTILE[4]}) for trial in found.trials
    ]
    trials += [
        Trial(number, BEST | {HOSTILE[0]: HOSTILE[5]}, Result(None, [], 1.0, reason))
        for number, reason in enumerate(HOSTILE, len(trials) + 1)
    ]
    before = dict(found.before) | {HOSTILE[0]: HOSTILE[1]}
    compared = found.compared
    assert compared is not None
    compared = replace(
        compared,
        before=replace(compared.before, values=before),
        best=replace(compared.best, values=trials[1].values),
    )
    with chdir(tmp_path_factory.mktemp("a study ünd its search")):
        hostile = replace(
            found, trials=trials, best=trials[1], before=before, compared=compared,
            difference="\n".join(HOSTILE), importances={HOSTILE[0]: 0.6, HOSTILE[3]: 0.4},
        )  # fmt: skip
        tuning.write(hostile, Path("tuning/a.html"), Path("reports"))
        yield Path("tuning/a.html").resolve()


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_page_is_sound(browser, page, axe, width, theme):  # noqa: F811
    assert sound_pictures(browser, page, width, theme, unfold=True) == 0
    assert not [address for address in requested(browser) if address.startswith("http")]
    found = violations(browser, axe)
    assert found == [], json.dumps(found, indent=1)
