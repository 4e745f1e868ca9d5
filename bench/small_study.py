"""Small studies in scratch copies, for what is measured of a whole run.

Three cells on scikit-learn's bundled digits, as `make demo` runs them: its parameters laid over the
real params.yaml. Or, to try whether a bench works, two tiny ones as the tests run them, in which
starting takes nearly all the time.
"""

from pathlib import Path

from tests.scratch import Scratch
from tools import overlay

ROOT = Path(__file__).resolve().parents[1]
TINY_CELLS = ("simple_cnn-digits", "baseline_cnn-digits")


def make(path: Path, tiny: bool) -> Scratch:
    """Make a study at `path`, committed, nothing run yet."""
    demo = overlay.read(ROOT / "demo.yaml")
    scratch = Scratch.make(path, *(TINY_CELLS if tiny else demo["cells"]))
    if not tiny:
        scratch.write_params(overlay.overlaid(overlay.read(ROOT / "params.yaml"), demo))
        scratch.git("commit", "-q", "-a", "-m", "As the demo")
    return scratch
