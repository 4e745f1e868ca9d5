"""What pytorch-grad-cam explains in the bench is what the project explains."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import peers
from bench.explaining.project import SHAPES, Project
from heatproof.attribution.cam import cam, gradcam, layercam

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
        pytest.skip(environment.absent)
    project = Project(tmp_path, "mobilenet_v2-mnist", COUNT, folded=False)
    done = subprocess.run(
        [environment.python, "-c", MAKE, str(tmp_path)],
        cwd=peers.ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # mobilenet_v2 has ReLU6, which the library would pass by without a word.
    assert "knows no ReLU6" in done.stdout

    with np.load(tmp_path / "maps.npz") as made:
        for name, weighting in (("gradcam", gradcam.weighted), ("layercam", layercam.weighted)):
            ours = cam.class_activation_map(
                project.network, project.images, project.targets, project.layer, weighting
            )
            for way in ("gradients to the image", "gradients to the layer"):
                np.testing.assert_allclose(
                    made[f"{name}/{way}"], as_the_library_has_it(ours), atol=1e-4
                )


def as_the_library_has_it(maps: np.ndarray) -> np.ndarray:
    """Return maps at the layer's size with the library's range, laid over the image its way."""
    import tensorflow as tf

    size = SHAPES["mnist"][:2]
    large = tf.image.resize(between_0_and_1(maps)[..., None], size, "bilinear")
    return between_0_and_1(large.numpy()[..., 0])


def between_0_and_1(maps: np.ndarray) -> np.ndarray:
    """Return maps whose least value is 0 and whose greatest is 1."""
    low = maps.min((1, 2), keepdims=True)
    return (maps - low) / (1e-7 + (maps - low).max((1, 2), keepdims=True))
