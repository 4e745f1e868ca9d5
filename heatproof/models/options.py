"""A model's network in params.yaml: an architecture and its hyperparameters."""

from typing import TYPE_CHECKING

from heatproof.config.registry import choice, modules
from heatproof.config.schema import Block

ARCHITECTURES = "heatproof.models.architectures"  # each of its modules is one
SAVED = "saved"  # the one of networks that exist already, and are never trained
DERIVED = "derived"  # the one of networks that are made from others

if TYPE_CHECKING:

    class Network(Block):
        architecture: str

else:
    Network = choice(ARCHITECTURES, "Network", "architecture")


def unfit(network: Network, height: int, width: int) -> str | None:
    """Say which option of a network does not fit images of a size; None where all do."""
    fits = getattr(modules(ARCHITECTURES)[network.architecture], "unfit", None)
    return None if fits is None else fits(network, height, width)


def is_pretrained(network: Network) -> bool:
    """Whether training starts from weights that were trained before, on other images."""
    return getattr(network, "weights", "none") != "none"
