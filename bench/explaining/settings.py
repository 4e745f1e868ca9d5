"""What every side must do alike: sample counts and windows, from params.yaml."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Equal settings of all sides.

    samples: of SmoothGrad and GradientSHAP, steps of Integrated Gradients, background images of
    DeepSHAP. noise: SmoothGrad's standard deviation. window, stride: occlusion's, in pixels.
    perturbed: LIME's copies. segments, compactness: of its superpixels. evaluations: of
    PartitionSHAP.
    """

    noise: float
    window: int
    stride: int
    segments: int
    compactness: float
    samples: int = 50
    perturbed: int = 1000
    evaluations: int = 500

    def write(self, folder: Path) -> None:
        """Write settings.json."""
        (folder / "settings.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> "Settings":
        """Read settings.json."""
        return cls(**json.loads((folder / "settings.json").read_text()))
