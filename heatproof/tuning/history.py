"""The trials of a cell, in a file of the study's folder: Optuna's SQLite storage.

What decides a trial's result, beside the parameters that are searched for, has a signature, and
trials of one signature are one of Optuna's studies. Where code, data, other parameters or the
search space changed, a new one begins, and the earlier trials stay in the file.

The sampler is seeded anew for each trial, by the study's seed and the trials before it. So what is
drawn follows from these alone: an interrupted search resumes with the same draws.
"""

import hashlib
import json
import math
import sqlite3
import threading
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from heatproof.config.params import Params
from heatproof.config.tuned import Values, extremes, run_with
from heatproof.models.options import ARCHITECTURES
from heatproof.run import source_code
from heatproof.run.errors import UserError
from heatproof.run.provenance import version_of
from heatproof.storage.images import fingerprint
from heatproof.storage.records import Dataset
from heatproof.tuning.space import Space
from heatproof.tuning.trials import Result, Trial

FOLDER = Path("tuning")  # in the study's folder; neither git's nor DVC's
RANDOM_TRIALS = 10  # before TPE has something to learn from, Optuna's own number
# No trial is ended early before so many are complete, nor in its first epoch.
COMPLETE_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING = 5, 2
_LIBRARIES = ("keras", "tensorflow", "numpy")
_OUTCOME = "outcome"  # of a trial, as one value, since each costs a transaction
_START, _COMPARED = "start", "compared"
_OVER = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass
class Begun:
    """A trial that is at work."""

    number: int
    values: dict[str, Any]
    trial: optuna.Trial = field(repr=False)


def path_of(cell: str) -> Path:
    """Return the file with a cell's trials."""
    return FOLDER / f"{cell}.sqlite"


def signature(study: Params, cell: str, dataset: Dataset) -> str:
    """Return what stands for all that decides a cell's trials but the values that are searched for.

    Args:
        study: the parameters.
        cell: whose.
        dataset: that it is trained on.
    """
    search = study.tune[cell]
    # What params.yaml has for these does not count: after `--apply` it is another.
    first = {key: extremes(values)[0] for key, values in search.items()}
    run = run_with(study, cell, first)
    architecture = f"{ARCHITECTURES}.{run.network.architecture}"
    settings = {
        "run": run.model_dump(mode="json"),
        "search": {key: values.model_dump(mode="json") for key, values in search.items()},
        "code": source_code.digests("heatproof.training.runs", architecture),
        "libraries": {name: version for name in _LIBRARIES if (version := version_of(name))},
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(fingerprint(dataset.train_images))
    for array in (dataset.train_labels, dataset.validation, dataset.groups):
        if array is not None:
            digest.update(array.tobytes())
    return digest.hexdigest()


class History:
    """The trials of a cell under one signature, and those that are at work. Threads may share it.

    None that a process left at work when it ended counts: the next one draws the same again.
    """

    def __init__(self, cell: str, key: str, space: Space, seed: int, path: Path) -> None:
        """Open the file, made where there is none.

        Args:
            cell: whose trials.
            key: their signature.
            space: what is searched.
            seed: of what is drawn.
            path: of the file.

        Raises:
            UserError: it is damaged, or of another version of Optuna.
        """
        self.space, self._seed = space, seed
        self._lock = threading.Lock()
        self._at_work: dict[int, Begun] = {}
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        path.parent.mkdir(parents=True, exist_ok=True)
        name = f"{cell} {key[:16]}"
        try:
            storage = optuna.storages.RDBStorage(
                "sqlite://", engine_kwargs={"creator": partial(_connected, path)}
            )
            others = [each for each in optuna.get_all_study_names(storage) if each != name]
            self._study = optuna.create_study(
                storage=storage, study_name=name, direction="maximize", load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(COMPLETE_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING),
            )  # fmt: skip
            self.of_others = sum(
                len(optuna.load_study(storage=storage, study_name=each).get_trials(states=_OVER))
                for each in others
            )
        except (SQLAlchemyError, sqlite3.Error, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(
                f"{path}: it cannot be read as trials ({reason}): the file is damaged, or of "
                "another version of Optuna; move it away, and a new one is begun"
            ) from None
        self._forget_unfinished()
        self._finished = [_as_trial(each) for each in self._study.get_trials(states=_OVER)]
        if _START not in self._study.user_attrs:
            self._study.set_user_attr(_START, dict(space.start))
            if not space.outside:
                self._study.enqueue_trial(space.encoded(space.start))

    @property
    def start(self) -> dict[str, Any]:
        """The values that params.yaml had when the first trial began."""
        return dict(self._study.user_attrs[_START])

    @property
    def finished(self) -> list[Trial]:
        """The trials that are over, by number."""
        return sorted(self._finished, key=lambda trial: trial.number)

    @property
    def begun(self) -> int:
        """How many are over or at work."""
        return len(self._finished) + len(self._at_work)

    @property
    def best(self) -> Trial | None:
        """The trial of the highest accuracy, the first of several; None where none has one."""
        complete = [trial for trial in self.finished if trial.result.accuracy is not None]
        return max(complete, key=lambda t: (t.result.accuracy, -t.number), default=None)

    @property
    def is_exhausted(self) -> bool:
        """Whether every combination of values has had its trial."""
        number = self.space.combinations
        tried = {json.dumps(trial.values, sort_keys=True) for trial in self._finished}
        return number is not None and len(tried) >= number

    def begin(self) -> Begun:
        """Draw the values of the next trial."""
        with self._lock:
            number = self.begun + 1
            seed = int.from_bytes(hashlib.sha256(f"{self._seed} {number}".encode()).digest()[:4])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.sampler = optuna.samplers.TPESampler(
                    n_startup_trials=RANDOM_TRIALS, seed=seed
                )
            trial = self._study.ask(dict(self.space.distributions))
            begun = Begun(number, self.space.decoded(trial.params), trial)
            self._at_work[number] = begun
            return begun

    def earlier(self, begun: Begun) -> Trial | None:
        """Return the finished trial that had the same values, if there is one."""
        return next((t for t in self.finished if t.values == begun.values and not t.same_as), None)

    def goes_on(self, begun: Begun, epoch: int, accuracy: float) -> bool:
        """Note the validation accuracy after an epoch; return whether others were no better."""
        with self._lock:
            begun.trial.report(accuracy, epoch)
            return not begun.trial.should_prune()

    def finish(self, begun: Begun, result: Result, same_as: int | None = None) -> Trial:
        """Note what came of a trial.

        One without an accuracy counts as worse than all that have one, the later it was ended the
        better, so that the sampler keeps away from such values.
        """
        with self._lock:
            kept = {"number": begun.number, "values": begun.values, "same_as": same_as}
            begun.trial.set_user_attr(_OUTCOME, kept | {"result": result.record()})
            if result.accuracy is None:
                self._study.tell(begun.trial, state=TrialState.PRUNED)
            else:
                self._study.tell(begun.trial, result.accuracy)
            del self._at_work[begun.number]
            trial = Trial(begun.number, begun.values, result, same_as)
            self._finished.append(trial)
        return trial

    def give_up(self) -> None:
        """Leave the trials that are at work: they count as never begun."""
        with self._lock:
            self._at_work.clear()
            self._forget_unfinished()

    def importances(self) -> dict[str, float]:
        """Return each parameter's share of what made accuracies differ, by fANOVA.

        Hutter et al. 2014, https://proceedings.mlr.press/v32/hutter14.html. The shares sum to 1;
        empty where fewer than two trials differ in accuracy.
        """
        complete = [t for t in self.finished if t.result.accuracy is not None and not t.same_as]
        if len({trial.result.accuracy for trial in complete}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {} if any(map(math.isnan, found.values())) else dict(found)

    def compared(self, values: Values) -> dict[int, Result]:
        """Return the results of retraining with these values, by seed, as far as they are noted."""
        noted = self._study.user_attrs.get(_COMPARED, {}).get(_text(values), {})
        return {int(seed): Result(**result) for seed, result in noted.items()}

    def note_compared(self, values: Values, seed: int, result: Result) -> None:
        """Note the result of a retraining."""
        with self._lock:
            noted = self._study.user_attrs.get(_COMPARED, {})
            of_these = noted.get(_text(values), {}) | {str(seed): result.record()}
            self._study.set_user_attr(_COMPARED, noted | {_text(values): of_these})

    def _forget_unfinished(self) -> None:
        """Have no trial at work. The first one's values, if it is among them, are tried again."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)
            if fixed := trial.system_attrs.get("fixed_params"):
                self._study.enqueue_trial(fixed)


def _connected(path: Path) -> sqlite3.Connection:
    """Connect to the file. A kill loses nothing; after a power cut a last trial may be missing."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # else each transaction waits for the disk
    return connection


def _as_trial(trial: FrozenTrial) -> Trial:
    noted = trial.user_attrs[_OUTCOME]
    return Trial(**noted | {"result": Result(**noted["result"])})


def _text(values: Values) -> str:
    return json.dumps(values, sort_keys=True)
