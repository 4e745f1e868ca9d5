"""How a program of the project starts and ends: `start`, called at the top of every entry point.

    from heatproof.run import command

    if __name__ == "__main__":
        command.start("stages.train", uses="keras", check="heatproof.config.arguments:check")

    import keras
    ...

    def main() -> None:
        ...

`start` sets the process up, then imports the module under its own name and calls its `main`. So the
imports below it are ordinary ones at the top of the file, TensorFlow among them: they come after
the set-up. Importing the module anywhere else changes nothing, and this module imports nothing that
takes time.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

from heatproof.run import interrupts

TYPE_CHECKING = False  # as typing has it, which takes a moment to load
if TYPE_CHECKING:
    import argparse
    from typing import Literal, NoReturn


def start(
    module: str,
    uses: Literal["", "keras", "tensorflow"] = "",
    check: str = "",
    purpose: str = "",
    prog: str = "",
) -> NoReturn:
    """Be the program `python -m <module>`: set the process up, import `module`, call its `main`.

    Args:
        module: the name of the module that is run, such as "stages.train".
        uses: "keras" if it computes with whatever backend KERAS_BACKEND names, "tensorflow" if it
            needs that one. It is then loaded here, in silence; under `make repro` the program runs
            in a copy of a process that has it loaded already (`forkserver`).
        check: a function, as "module:function", that is called before Keras is loaded, which takes
            seconds: it raises UserError for what can be found at once: a mistake in params.yaml, a
            cell that is not there.
        purpose: of a program without arguments: it refuses any, and says this on --help.
        prog: what its user calls it, where that is not `python -m <module>`.

    Exits as `ending.run` says, with 0 when `main` returns.
    """
    interrupts.keep()

    def main() -> None:
        interrupts.hear_hangup()
        orphans.end_with_run()
        escape_unprintable()
        temporary.use_private_folder()
        account.complete()
        # Pictures are the same whatever a notebook's terminal or the user's settings say.
        os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
        if purpose:
            without_arguments(purpose, prog or f"python -m {module}").parse_args()
        runtime.choose_kernels()
        if uses:
            if uses == "tensorflow":
                runtime.require_tensorflow(module)
            runtime.require_backend()
            from heatproof.run import forkserver

            # Have another process do the work of this program, if one offers to.
            code = forkserver.run_elsewhere(module, sys.argv[1:])
            if code is not None:
                sys.exit(code)
            if check:
                place, _, function = check.partition(":")
                getattr(importlib.import_module(place), function)()
            with runtime.without_unused():
                runtime.load_keras()
        stage.call(module)

    try:  # not at the top: a Ctrl-C while these are loaded is to be kept
        from heatproof.run import account, orphans, runtime, stage, temporary
        from heatproof.run.ending import escape_unprintable, run

        run(main)
        # All ends with the process: Python need not look for garbage in what TensorFlow leaves,
        # which takes 0.8 s and more.
        gc.freeze()
        sys.exit(0)
    except KeyboardInterrupt:
        interrupts.end()


def without_arguments(purpose: str, prog: str) -> argparse.ArgumentParser:
    """Return the parser of a program that takes no arguments, called `prog`."""
    import argparse

    return argparse.ArgumentParser(prog=prog, description=purpose)
