"""The Python of README and docs/ runs: page by page, as somebody would who types it all in.

What a page takes for given is there: a demo of two cells with random weights, a picture, and of
the README's example what its reader has, a network with training images.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heatproof import api
from tests import small_cell
from tests.documentation.blocks import Block, blocks
from tests.scratch import FEW_SAMPLES

CELLS = ("simple_cnn-digits", "mobilenet_v2-digits")
PAGES = sorted({block.page for block in blocks("python") if not block.reason})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a repository in which the demo was run."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "demo").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "demo")
        small_cell.write_params(*CELLS, explain=FEW_SAMPLES)
        for cell in CELLS:
            small_cell.write_cell(cell, 16, 1, mistaken=lambda predicted: predicted < 5)
        patch.chdir(folder)
        patch.setattr(api, "ROOT", folder)
        Image.new("L", (40, 30), 200).save("photo.jpg")
        yield folder


def reader_has() -> dict[str, Any]:
    """Return what a page may take for given."""
    import keras

    network = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D(),
         keras.layers.Dense(2)]
    )  # fmt: skip
    pictures = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    return {
        "__name__": "__main__",
        "model": network,
        "training_images": pictures,
        "images": pictures[:2],
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_python_runs_from_top_to_bottom(page: str, demo: Path) -> None:
    run([block for block in blocks("python") if block.page == page])


def run(page: list[Block]) -> None:
    namespace = reader_has()
    for block in page:
        if not block.reason:
            exec(compile(block.text, str(block), "exec"), namespace)


def test_a_wrong_block_fails(demo: Path) -> None:
    with pytest.raises(AttributeError, match="open_modle"):
        run([Block("page.md", 1, "python", "import heatproof\nheatproof.open_modle(model)")])
    with pytest.raises(NameError, match="targets"):
        run([Block("page.md", 1, "python", "heatproof = 1\nprint(targets)")])
