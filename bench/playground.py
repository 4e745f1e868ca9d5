"""How soon the live page answers: a prediction with Grad-CAM, `python -m bench.playground`

Networks of the study at their own size, with random weights, are exported and run by the page's
engine in headless Chromium: a test image's prediction and Grad-CAM of its predicted class, from the
request until both are there. The best of several tries counts, after some that are not counted,
since the browser compiles what is called often. Exits with 1 where one takes longer than its goal.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.playground", uses="tensorflow")

import tempfile
from pathlib import Path

import numpy as np

from bench import record
from bench.report import chromium
from bench.results import Measurement, under
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.config import params
from heatproof.models.build import build_model
from heatproof.playground import data_file, export
from heatproof.report.rendering import asset
from heatproof.run import runtime

PARTS = (
    *("engine", "engine_kernels", "engine_activations", "engine_graph", "engine_maps"),
    "engine_server",
)
ROOT = Path(__file__).resolve().parents[1]
CLASSES = 10
# Cell -> the shape of its images, and how many milliseconds it may take.
CELLS = {
    "simple_cnn-mnist": ((28, 28, 1), 100.0),
    "mnist_cnn-mnist": ((28, 28, 1), 100.0),
    "mobilenet_v2-mnist": ((28, 28, 1), 500.0),
    "mobilenet_v2-cifar10": ((32, 32, 3), 500.0),
}
TIMES = """
const [address, tries, done] = arguments;
(async () => {
  const network = await playground.open(await playground.load(address));
  const times = [];
  for (let n = 0; n < tries; n++) {
    const image = Float32Array.from({ length: network.input.reduce((a, b) => a * b) }, Math.random);
    const started = performance.now();
    const { logits } = await network.run(image);
    await network.explain("gradcam", image, logits.indexOf(Math.max(...logits)));
    times.push(performance.now() - started);
  }
  network.close();
  done(times);
})();
"""
UNCOUNTED = 5  # tries until the browser has compiled


def write_page(folder: Path) -> None:
    """Write a page of the engine alone, and a data file for each cell, into a folder."""
    study = params.load(ROOT / "params.yaml")
    runtime.configure(study.threads, study.seed)
    for cell, (shape, _) in CELLS.items():
        images = np.random.default_rng(0).integers(0, 256, (4, *shape)).astype(np.uint8)
        network = Network(build_model(study.run(cell), shape, CLASSES, ROOT))
        names = tuple(map(str, range(CLASSES)))
        content = export.record(
            cell, network, names, images.astype(np.float32) / 255, {}, Context(images, study.seed)
        )
        (folder / f"{cell}.js").write_text(data_file.script(content), encoding="utf-8")
    engine = "".join(asset(f"playground/{part}.js") for part in PARTS)
    (folder / "page.html").write_text(f"<script>{engine}</script>", encoding="utf-8")


def measured(folder: Path, rounds: int) -> list[Measurement]:
    """Open the page; return the milliseconds of every try that counts."""
    with chromium() as browser:
        browser.set_script_timeout(600)
        browser.get((folder / "page.html").as_uri())
        times = {
            cell: browser.execute_async_script(TIMES, f"{cell}.js", UNCOUNTED + rounds)[UNCOUNTED:]
            for cell in CELLS
        }
    return [
        under("playground", f"live page: {cell}", "ms", taken, CELLS[cell][1])
        for cell, taken in times.items()
    ]


def main() -> None:
    """Measure each network; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, record.into(options.results) as take:
        write_page(Path(folder))
        take(*measured(Path(folder), options.rounds))
