"""How soon a gallery of a thousand images answers its controls: `python -m bench.gallery`

Builds a site from made-up results, opens the page of a thousand explained images in headless
Chromium, and times each control from the change of its value until the page is laid out again. The
best of several tries counts. Exits with 1 where one takes longer than the goal.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.gallery")

import tempfile
from pathlib import Path

from bench import record
from bench.report import chromium
from bench.results import Measurement, under
from tests.report.gallery_results import LARGE_CELLS, LARGE_IMAGES, large_site

ROOT = Path(__file__).resolve().parents[1]
GOAL_MS = 50.0
# A control's name and the values that it is given in turn.
CONTROLS = {
    "outcome": ("incorrect", "correct", "", "incorrect", ""),
    "true": ("3", "4", "", "5", ""),
    "sort": ("most-confident", "index", "least-confident", "class", ""),
}
TIMES = """
const [name, values] = arguments;
const control = document.querySelector(`#gallery-controls [name="${name}"]`);
return values.map((value) => {
  const started = performance.now();
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - started;
});
"""


def measured(page: Path, rounds: int) -> list[Measurement]:
    """Open the page and change each of its controls; return the milliseconds of every change."""
    with chromium() as browser:
        browser.get(page.as_uri())
        times: dict[str, list[float]] = {name: [] for name in CONTROLS}
        for _ in range(rounds):
            for name, values in CONTROLS.items():
                times[name] += browser.execute_script(TIMES, name, list(values))
    return [
        under("gallery", f"gallery: {name}", "ms", taken, GOAL_MS, note=f"{LARGE_IMAGES:,} images")
        for name, taken in times.items()
    ]


def main() -> None:
    """Measure each control; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, record.into(options.results) as take:
        site = large_site(ROOT, Path(folder))
        take(*measured(site / f"cells/{LARGE_CELLS[0]}.html", options.rounds))
