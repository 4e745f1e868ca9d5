"""What a method is: a function that explains images, and its record.

A method is a function (network, images, targets, ...) -> Attribution. `network` is a
`network.Network`; `images` is float32 (n, height, width, channels) in [0, 1]; `targets` is int64
(n,), class indices; arguments of the names of options are those, and `seed` is of all that is
drawn. The maps are float32 (n, height, width) in the images' own pixels, raw: signed where the
method is, never normalised, in its record's unit. With them come numbers, one per row: how far the
method is from its own axiom, how well its surrogate fits. That is said here, and in a method's own
file only what is particular to it.

What a method draws at random is drawn from the seed and not from the batch: an image's map is the
same whatever is explained beside it.

All else that is known of a method is in its `Method`, which stands in the method's own module, in
the tuple `METHODS`; `registry` collects them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.core.smooth import Forward
from heatproof.config.schema import Block
from heatproof.datasets.pixels import mean_and_std, pixel_counts
from heatproof.storage.images import Images

# The unit of a gradient: how fast the logit rises as a pixel goes from black (0) to white (1).
PER_BRIGHTNESS = "logits/unit"


@dataclass(frozen=True)
class Attribution:
    """A method's results for n rows.

    maps: float32 (n, height, width). numbers: name -> float (n,), NaN where there is none. layer:
    whose feature maps were weighed, for a class activation map. engine: the library that computed
    them, with its version; "" where it is this project.
    """

    maps: np.ndarray
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    layer: str | None = None
    engine: str = ""


Explainer = Callable[[Network, np.ndarray, np.ndarray], Attribution]
OWN, LIBRARY = "own", "library"
# What is asked of a network; of one whose layers cannot be seen nothing but predictions can be.
Needs = Literal["predictions", "gradients", "layers", "attention"]
PREDICTIONS, GRADIENTS, LAYERS, ATTENTION = "predictions", "gradients", "layers", "attention"


class EngineOptions(Block):
    """Options of a method that another library has too."""

    engine: Literal["own", "library"] = OWN
    """`own`, or `library`: that library’s map in place of ours, raw, marked in the report."""


class UnsupportedNetwork(Exception):
    """A method does not support this network. The message says why, for the report's reader.

    It is recorded and shown in place of the maps; any other exception fails the stage.
    """


def unserved(needs: Needs, opaque: str) -> str:
    """Return why what needs more than predictions cannot be had of a network; "" where it can.

    opaque: as `Network.opaque`.
    """
    if not opaque or needs == PREDICTIONS:
        return ""
    needed = "attention weights" if needs == ATTENTION else needs
    return f"the network’s {needed} are needed, and {opaque} gives nothing but predictions"


def _served(
    explain: Callable[..., Attribution],
    needs: Needs,
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    **arguments: Any,
) -> Attribution:
    """Explain, if what the method needs can be asked of the network."""
    if reason := unserved(needs, network.opaque):
        raise UnsupportedNetwork(reason)
    if needs == ATTENTION and not network.attends:
        raise UnsupportedNetwork("the network has no attention between tokens")
    return explain(network, images, targets, **arguments)


@dataclass(frozen=True)
class Passes:
    """What a network is asked for, in passes of one image: forward, and with a gradient."""

    forward: float = 0.0
    gradients: float = 0.0

    def __add__(self, other: "Passes") -> "Passes":
        return Passes(self.forward + other.forward, self.gradients + other.gradients)

    def __mul__(self, times: float) -> "Passes":
        return Passes(times * self.forward, times * self.gradients)


@dataclass(frozen=True)
class Context:
    """What a method may know besides the network and the images it explains.

    training_images: uint8 (n, height, width, channels) in processed order, which is random: its
    first k are a fair sample, for backgrounds. seed: of all that is drawn. mean: float64
    (channels,), of the training images in [0, 1]; measured where it is None.
    """

    training_images: Images
    seed: int
    mean: np.ndarray | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        height, width = self.training_images.shape[1:3]
        return height, width

    def background(self, count: int) -> np.ndarray:
        """Return the first training images, float32 (count, height, width, channels) in [0, 1]."""
        return self.training_images[:count].astype(np.float32) / 255

    @cached_property
    def mean_colour(self) -> np.ndarray:
        """Each channel's mean over the training images, float32 (channels,) in [0, 1].

        It is what the networks' normalisation turns into zero. As a baseline it takes something
        away from a digit's black background too, which black does not.
        """
        known = self.mean is not None
        mean = self.mean if known else mean_and_std(pixel_counts(self.training_images))[0]
        return np.asarray(mean, np.float32)


@dataclass(frozen=True)
class Library:
    """The same method as another library has it, which `engine: library` takes in place of ours.

    package: its name in requirements.in. explain: as `Method.explain`. arguments: as there; those
    of the method if left out.
    """

    package: str
    explain: Callable[..., Attribution]
    arguments: Callable[[Any, Context], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Number:
    """What a method reports of its own error.

    label: what it is called. meaning: in a few words. caption: how it stands under a map, such as
    "R² {:.2f}"; the first of a method's numbers that has one is shown there.
    """

    label: str
    meaning: str
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Method:
    """All that is known of a method; nothing else lists it.

    name: in params.yaml, files and metrics. label: for readers. family: of `families.FAMILIES`;
    also: families that readers find it in too. shows: what its map shows, in a sentence. reference,
    address: its paper, and where that is. definition: what is computed, in a sentence; equation:
    the same in symbols, with S the logit, x the pixels, c their channel. deviations: in what it
    differs from the paper, and where well-known programs do; "None." where in nothing. unit: of the
    map's values. signed: whether values below zero speak against the class; otherwise there are
    none. overlay: the map is coarse and is laid over the image; a fine one stands beside it.
    colours: matplotlib's map for maps without negative values. cost: slow where an image takes many
    passes, so that where maps are made again they are made of few images. numbers: its own errors,
    by name.

    needs: what it asks of the network: its predictions (logits of any images), gradients with
    respect to the image, its layers, or attention between tokens; where a network has none of that,
    such a method is left out without a word (`suits`).

    options: its block of params.yaml, explain.<stage family>.<name>, with defaults. explain:
    (network, images, targets, **arguments) -> Attribution. arguments: (options, context) -> what it
    is called with; the options as they are if left out. Of an option that is `auto` both get what
    it stands for (`sizes`).

    passes: (options, (height, width)) -> the passes that an image takes, about; what is expected of
    a stage's duration follows from them.

    tensor_map: the same map within TensorFlow, (network, forward, batch, targets, **arguments) ->
    tensor (n, height, width), `forward` the network or a smooth one (`smooth.Forward`): for what
    asks how a map changes with the image. None where its computation is not of one piece, or takes
    many passes.

    library: who else computes the method; its options are then `EngineOptions`.

    recomputing: options -> those with which assessments make its maps again, under other weights or
    of other images, where its own would take too long (beside `sizes.AgainAtMost`);
    recomputed_alike: whether they give the same maps of the same network.
    """

    name: str
    label: str
    family: str
    shows: str
    reference: str
    address: str
    definition: str
    equation: str
    deviations: str
    needs: Needs
    options: type[Block] = Block
    explain: Callable[..., Attribution]
    arguments: Callable[[Any, Context], dict[str, Any]] = lambda options, context: dict(options)
    also: tuple[str, ...] = ()
    unit: str = "logits"
    signed: bool = True
    overlay: bool = False
    colours: str = "magma"
    cost: Literal["cheap", "slow"] = "cheap"
    numbers: Mapping[str, Number] = field(default_factory=dict)
    passes: Callable[[Any, tuple[int, int]], Passes] = lambda options, size: Passes(gradients=1)
    recomputing: Callable[[Any], Any] = lambda options: options
    recomputed_alike: bool = True
    tensor_map: Callable[..., Any] | None = None
    library: Library | None = None

    def with_options(self, options: Block, context: Context) -> Explainer:
        """Return the method with its options set: (network, images, targets) -> Attribution."""
        options = resolved(options, context.size)
        engine = self.engine(options)
        explain, arguments = self.explain, self.arguments
        if engine:
            explain, arguments = engine.explain, engine.arguments or arguments
        given = arguments(options, context)
        given = {name: given[name] for name in given if name != "engine"}
        return partial(_served, explain, self.needs, **given)

    def suits(self, network: Network) -> bool:
        """Say whether a network is of the kind that the method is for; of one unseen it may be."""
        return self.needs != ATTENTION or bool(network.attends or network.opaque)

    def tensor_map_with(
        self, options: Block, context: Context
    ) -> Callable[[Network, Forward, Any, Any], Any] | None:
        """Return `tensor_map` with the options set; None where it has none, or a library's map."""
        options = resolved(options, context.size)
        if self.tensor_map is None or self.engine(options):
            return None
        given = self.arguments(options, context)
        return partial(self.tensor_map, **{n: given[n] for n in given if n != "engine"})

    def engine(self, options: Block) -> Library | None:
        """Return the library that computes the maps under these options, None if it is ours."""
        return self.library if getattr(options, "engine", OWN) == LIBRARY else None
