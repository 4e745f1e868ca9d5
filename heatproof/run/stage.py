"""A stage of DVC's: the program that a module is, with what it began with compared at its end."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heatproof.run import peak_memory

STAGE = "DVC_STAGE"  # DVC's own, for the commands that it runs: the stage's name in dvc.yaml
# Where params.yaml lies as the run, or the stage, began with it.
BEGUN = "STUDY_PARAMS"
PARAMS = Path("params.yaml")


def call(module: str) -> None:
    """Import `module` and call its `main`; of DVC's stages, see to it that what they read stays.

    Raises:
        UserError: code, parameters or files that a stage depends on were changed meanwhile.
    """
    stage = os.environ.get(STAGE)
    if not stage or not module.startswith("stages."):
        importlib.import_module(module).main()
        return
    params_file = begun_with(PARAMS)
    with parameters_kept():
        # A package above this one, of which other programs need nothing.
        inputs = importlib.import_module("heatproof.storage.inputs").begin(stage, params_file)
        importlib.import_module(module).main()
        inputs.require_unchanged()
        importlib.import_module("heatproof.storage.stage_memory").record(stage, peak_memory.peak())


@contextmanager
def parameters_kept() -> Iterator[None]:
    """Within, this process and those that it starts read params.yaml as it is now.

    Nothing changes within another one. The current folder is the study's; the copy's name is such
    that `atomic.clear_leftovers` removes it after a kill.
    """
    if BEGUN in os.environ or not PARAMS.is_file():
        yield
        return
    copy = Path(".dvc", "tmp", f".{os.getpid()}.unfinished.{PARAMS.name}").resolve()
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(PARAMS.read_bytes())
    os.environ[BEGUN] = str(copy)
    try:
        yield
    finally:
        os.environ.pop(BEGUN, None)
        copy.unlink(missing_ok=True)


def begun_with(params: Path) -> Path:
    """Return the file to read for params.yaml: the copy, if there is one."""
    return Path(os.environ.get(BEGUN, params))
