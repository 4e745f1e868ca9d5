"""A model's network in params.yaml: an architecture and its hyperparameters."""

from typing import TYPE_CHECKING

from heatproof.config.registry import choice
from heatproof.config.schema import Block

ARCHITECTURES = "heatproof.models.architectures"  # each of its modules is one
SAVED = "saved"  # the one of networks that exist already, and are never trained

if TYPE_CHECKING:

    class Network(Block):
        architecture: str

else:
    Network = choice(ARCHITECTURES, "Network", "architecture")


def is_pretrained(network: Network) -> bool:
    """Whether training starts from weights that were trained before, on other images."""
    return getattr(network, "weights", "none") != "none"
