"""The search: trials one after the other, or several at once, until there are as many as asked."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial

from heatproof.tuning.history import Begun, History
from heatproof.tuning.trials import GoesOn, Result, Trial

Evaluate = Callable[[Begun, GoesOn], Result]


def search(
    history: History,
    evaluate: Evaluate,
    trials: int,
    jobs: int = 1,
    until: float = math.inf,
    told: Callable[[Trial], object] = lambda trial: None,
    stop: Callable[[], object] = lambda: None,
) -> None:
    """Make trials until there are `trials` in all, earlier ones among them.

    With one at a time the same history gives the same trials. Of values that had a trial already,
    the result is taken: the same training would give the same again.

    Args:
        history: of the trials, which is added to.
        evaluate: trains; may be called by several threads at once.
        trials: how many there are to be, with those of earlier calls.
        jobs: how many are at work at once.
        until: no trial begins after this time, as `time.monotonic` has it.
        told: is handed each trial when it is over.
        stop: called where the search is broken off: it ends the trainings that are at work.

    Raises:
        KeyboardInterrupt: what was at work is left; all that was finished is kept.
    """
    turn = threading.Lock()
    ended = threading.Event()

    def work() -> None:
        while True:
            with turn:
                enough = history.begun >= trials or history.is_exhausted
                if enough or ended.is_set() or time.monotonic() >= until:
                    return
                begun = history.begin()
            if known := history.earlier(begun):
                again = replace(known.result, seconds=0.0)
                trial = history.finish(begun, again, same_as=known.number)
            else:
                result = evaluate(begun, partial(history.goes_on, begun))
                if ended.is_set():
                    return
                trial = history.finish(begun, result)
            with turn:
                told(trial)

    try:
        with ThreadPoolExecutor(jobs) as threads:
            try:
                for future in as_completed([threads.submit(work) for _ in range(jobs)]):
                    future.result()
            except BaseException:
                ended.set()
                stop()  # or the threads would be waited for
                raise
    except BaseException:
        history.give_up()
        raise
