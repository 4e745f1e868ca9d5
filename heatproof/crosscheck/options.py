"""`crosscheck` of params.yaml: how a cell is checked against the libraries."""

from typing import Annotated

from pydantic import AfterValidator, Field

from heatproof.attribution import registry
from heatproof.attribution.core.sizes import AUTO, Auto, by_size
from heatproof.config.schema import Block

ALSO = "score_cam"  # of the libraries' methods the one that params.yaml does not list under explain


def _known(names: list[str]) -> list[str]:
    known = registry.methods()
    for name in names:
        if name not in known:
            raise ValueError(f"there is no method {name!r}; known: {', '.join(known)}")
    return names


class CrosscheckOptions(Block):
    """crosscheck of params.yaml."""

    images: Annotated[Auto | Annotated[int, Field(ge=0, le=1000)], by_size(4, 2)] = AUTO
    """Explained images, each for its predicted class; with 0 no library is run, and only the
    figures of the test images are counted again."""
    also: Annotated[list[str], AfterValidator(_known)] = Field(default_factory=lambda: [ALSO])
    """Methods that are checked beside those under `explain`."""
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """What one method of a library may take, after which it is ended."""
