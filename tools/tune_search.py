"""A cell's search in the current folder, as `heatproof tune` has it made, told and written."""

import difflib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from heatproof.config.params import Params
from heatproof.config.tuned import Values
from heatproof.report.pages import tuning
from heatproof.report.pages.tuning import Tuned
from heatproof.report.sections.outcomes import as_typed
from heatproof.report.site import REPORTS
from heatproof.run.errors import UserError
from heatproof.run.stage import PARAMS
from heatproof.statistics.numbers import percent, plural, rough_duration
from heatproof.storage import artifacts, stage_seconds
from heatproof.storage.folders import file_name
from heatproof.storage.records import Dataset
from heatproof.tuning import applying, comparison
from heatproof.tuning.history import FOLDER, History, path_of, signature
from heatproof.tuning.search import search
from heatproof.tuning.space import space_of
from heatproof.tuning.trials import Trial
from heatproof.tuning.workers import Pool
from tools import calling

Place = AbstractContextManager[tuple[Pool, int]]


class Tuning:
    """A cell's search in the current folder."""

    def __init__(self, study: Params, cell: str, again: str) -> None:
        """Open what was searched before; `again` is the command that resumes it.

        Raises:
            UserError: the cell has no search space, its data is not there, or its file of trials
                is damaged.
        """
        space = space_of(study, cell)
        self.dataset: Dataset = artifacts.read_dataset(study.cell(cell).dataset)
        self._study, self._cell, self._again = study, cell, again
        key = signature(study, cell, self.dataset)
        self.history = History(cell, key, space, study.seed, path_of(cell))
        if self.history.of_others:
            print(
                f"{path_of(cell)}: {plural(self.history.of_others, 'trial')} of another search "
                "space, or of other code, data or parameters, stay there and do not count"
            )

    def run(self, trials: int, seeds: int, until: float, place: Place) -> None:
        """Make the trials that are missing, compare, and write the page.

        Args:
            trials: how many there are to be in all.
            seeds: how many the best values and those before are trained from.
            until: no trial begins after this time, as `time.monotonic` has it.
            place: where trainings run.

        Raises:
            UserError: not one trial came to an accuracy.
            KeyboardInterrupt: saying what is saved.
        """
        try:
            with place as (pool, at_once):
                self._announce(trials - len(self.history.finished), seeds, at_once)
                search(
                    self.history,
                    lambda begun, goes_on: pool.train(
                        begun.values, self._study.seed, f"trial{begun.number}", goes_on
                    ),
                    trials,
                    at_once,
                    until,
                    told=partial(self._tell, trials),
                    stop=pool.end,
                )
                best = self._best()
                compared = self._compared(best, seeds, at_once, pool)
        except KeyboardInterrupt:
            kept = plural(len(self.history.finished), "finished trial")
            raise KeyboardInterrupt(
                f"interrupted: {kept} of {trials} are saved; `{self._again}` resumes from there"
            ) from None
        self._conclude(best, compared, trials)

    def apply(self) -> None:
        """Put the best values into params.yaml.

        Raises:
            UserError: there are none, or it cannot be changed so.
        """
        best = self._best()
        changes = self._changes(best.values)
        if not changes:
            print(f"{PARAMS} has the values of the best trial, {best.number}, already")
            return
        applying.apply(PARAMS, changes)
        for line in _lines(self._study, changes):
            print(line)
        print(
            f"{PARAMS} has the values of trial {best.number} of "
            f"{len(self.history.finished)} now; `{calling.command('repro')}` trains with them"
        )

    def _announce(self, missing: int, seeds: int, at_once: int) -> None:
        done, space = len(self.history.finished), self.history.space
        if done:
            print(f"{plural(done, 'trial')} are there already ({path_of(self._cell)})")
        if space.combinations is not None:
            missing = min(missing, max(0, space.combinations - done))
        if space.outside and not done:
            told = ", ".join(f"{key}: {as_typed(value)}" for key, value in space.outside.items())
            print(
                f"what {PARAMS} has is no trial, since the search space has it not ({told}); it is "
                "compared with the best all the same"
            )
        if missing <= 0:
            return
        more = f", then {2 * seeds} trainings to compare" if seeds else ""
        words = f"{self._cell}: {plural(missing, 'trial')} to go{more}"
        took = stage_seconds.recorded().get(f"train@{self._cell}")
        if took:
            total = rough_duration((missing + 2 * seeds) * took / at_once)
            words += (
                f": {total}, if each takes the {took:.0f} s of the cell's own training here "
                "(less where trials are ended early)"
            )
        else:
            words += "; how long they take the first one will tell"
        print(words, flush=True)

    def _tell(self, trials: int, trial: Trial) -> None:
        result, images = trial.result, self._validation_images
        match result.state:
            case "complete":
                best = self.history.best
                mark = ", the best so far" if best and best.number == trial.number else ""
                what = f"{percent(result.accuracy, images)}{mark}"
            case "pruned":
                reached = percent(max(result.curve, default=None), images)
                what = f"ended after epoch {len(result.curve)} at {reached}, below the median"
            case "bad":
                what = f"no network: {result.reason}"
        took = f" (as trial {trial.same_as})" if trial.same_as else f" ({result.seconds:.0f} s)"
        print(f"trial {trial.number} of {trials}: {what}{took}: {_named(trial.values)}", flush=True)

    @property
    def _validation_images(self) -> int:
        return len(tuning.validation_rows(self._study.run(self._cell), self.dataset))

    def _best(self) -> Trial:
        best = self.history.best
        if best is None:
            reasons = [trial.result.reason for trial in self.history.finished]
            why = f": {reasons[-1]}" if reasons else f"; begin with `{self._again}`"
            raise UserError(f"{self._cell}: no trial came to a network{why}")
        return best

    def _compared(
        self, best: Trial, seeds: int, at_once: int, pool: Pool
    ) -> comparison.Comparison | None:
        """Train with the best values and those before, from new seeds; None where not asked for."""
        before = self.history.start
        if not seeds or best.values == before:
            return None
        chosen = comparison.seeds_after(self._study.seed, seeds)
        if left := comparison.missing(self.history, (before, best.values), chosen):
            print(
                f"the best values (trial {best.number}) and those before, each from "
                f"{plural(seeds, 'new seed')}: {plural(left, 'training')}",
                flush=True,
            )

        def train(values: Values, seed: int) -> Any:
            named = "best" if values == best.values else "before"
            return pool.train(_given(values), seed, f"{named}-seed{seed}")

        return comparison.compare(
            self.history, before, best.values, chosen, train, at_once, pool.end
        )

    def _changes(self, values: Values) -> dict[tuple[str, ...], Any]:
        """Return what of some values params.yaml does not have."""
        now = self.history.space.start
        changed = {key: value for key, value in values.items() if now[key] != value}
        return applying.places(self._study, self._cell, changed)

    def _conclude(self, best: Trial, compared: comparison.Comparison | None, trials: int) -> None:
        changes = self._changes(best.values)
        tuned = Tuned(
            cell=self._cell,
            run=self._study.run(self._cell),
            dataset=self.dataset,
            trials=self.history.finished,
            best=best,
            before=self.history.start,
            importances=self.history.importances(),
            compared=compared,
            difference=_difference(changes),
            command=self._again,
            apply=calling.command("tune", self._cell, "--apply"),
        )
        page = FOLDER / f"{file_name(self._cell)}.html"
        tuning.write(tuned, page, REPORTS)
        count = len(self.history.finished)
        if count < trials:
            why = (
                "every combination was tried" if self.history.is_exhausted
                else f"time was up; `{self._again}` resumes"
            )  # fmt: skip
            print(f"{plural(count, 'trial')} of {trials}: {why}")
        for line in tuned.findings():
            print(line)
        for line in _lines(self._study, changes):
            print(line)
        if changes:
            print(f"Take them over with: {tuned.apply}")
        print(f"The page: {page.resolve().as_uri()}")


def _given(values: Values) -> dict[str, Any]:
    """Return those values that there are: params.yaml may have none for a parameter."""
    return {key: value for key, value in values.items() if value is not None}


def _named(values: Values) -> str:
    return ", ".join(
        f"{key.partition('.')[2]} {tuning.value(each)}" for key, each in values.items()
    )


def _lines(study: Params, changes: Mapping[tuple[str, ...], Any]) -> list[str]:
    """Say each change of params.yaml on a line."""
    content: Any = study.model_dump(exclude_unset=True)
    lines = []
    for keys, value in changes.items():
        before = content
        for part in keys:
            before = before.get(part) if isinstance(before, dict) else None
        was = "as its default" if before is None else as_typed(before)
        lines.append(f"  {'.'.join(keys)}: {was} -> {as_typed(value)}")
    return lines


def _difference(changes: Mapping[tuple[str, ...], Any]) -> str:
    """Return what `--apply` would change, as a unified diff."""
    text = PARAMS.read_text(encoding="utf-8")
    after = applying.changed(text, changes) if changes else text
    names = (f"a/{PARAMS}", f"b/{PARAMS}")
    lines = difflib.unified_diff(text.splitlines(), after.splitlines(), *names, n=1, lineterm="")
    return "\n".join(lines)
