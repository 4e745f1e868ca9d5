"""What pytorch-grad-cam explains in the bench is what the project explains."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import peers
from bench.explaining import exchange
from bench.explaining.project import Project

COUNT = 3
# The maps as the library returns them to a caller, of each way in which the bench calls it.
MAKE = """
import sys
from pathlib import Path
import numpy as np
from bench.explaining import grad_cam_library
from bench.explaining.torch_subject import Subject
folder = Path(sys.argv[1])
subject = Subject(folder, 1)
library = grad_cam_library._library()
made = {}
class Kept:
    def __init__(self, kind):
        self.kind = kind
    def __call__(self, *inputs):
        made[method + "/" + way] = self.kind(*inputs)
kinds = {kind: getattr(library, kind) for kind in grad_cam_library.MAPS.values()}
for kind, each in kinds.items():
    setattr(library, kind, lambda *inputs, each=each: Kept(each(*inputs)))
for method in grad_cam_library.MAPS:
    for way, call in grad_cam_library.offers(subject, method)["pytorch-grad-cam"].items():
        call(len(subject.images))
np.savez(folder / "maps.npz", **made)
print(grad_cam_library.offers(subject, "guided_backprop"))
"""


@pytest.mark.slow
def test_its_maps_are_the_projects(tmp_path: Path) -> None:
    environment = peers.find(peers.ROOT / ".venv-peers", ("torch", "pytorch_grad_cam"))
    if environment.absent:
        pytest.skip(f"the peers' environment: {environment.absent}")
    project = Project(tmp_path, "mobilenet_v2-mnist", COUNT, folded=False)
    done = subprocess.run(
        [environment.python, "-c", MAKE, str(tmp_path)],
        cwd=peers.ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # mobilenet_v2 has ReLU6, which the library would pass by without a word.
    assert "knows no ReLU6" in done.stdout

    from stages.explainers.gradcam import gradcam
    from stages.explainers.layercam import layercam

    with np.load(tmp_path / "maps.npz") as made:
        for name, method in (("gradcam", gradcam), ("layercam", layercam)):
            ours = method(project.network, project.images, project.targets, project.layer).maps
            for way in ("gradients to the image", "gradients to the layer"):
                theirs = made[f"{name}/{way}"]
                assert theirs.shape == ours.shape
                np.testing.assert_allclose(theirs, between_0_and_1(ours), atol=0.02)
        assert made["gradcam_plus_plus/gradients to the layer"].shape == ours.shape
    exchange.read(tmp_path)


def between_0_and_1(maps: np.ndarray) -> np.ndarray:
    """Return maps with the range that the library gives them."""
    low, high = (getattr(maps, end)((1, 2), keepdims=True) for end in ("min", "max"))
    return (maps - low) / (1e-7 + high - low)
