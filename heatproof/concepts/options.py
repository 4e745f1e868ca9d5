"""`explain_concepts` and `concepts` of params.yaml: which concepts are sought in which networks."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from heatproof.concepts.planting import PLANTED
from heatproof.config.runs import Cell
from heatproof.config.schema import Block, Name

if TYPE_CHECKING:
    PlantedName = str
else:
    PlantedName = Literal[tuple(PLANTED)]

# DVC wants a file or folder; this one is there in any case.
READS_NOTHING = "data/code/explain_concepts.txt"
MIN_PICTURES = 10  # of a concept: with fewer a held-out third tells nothing


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError("masks should be a power of two, such as 32: so many points of a Sobol "
                         "sequence are spread evenly")  # fmt: skip
    return value


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("each name should be there once")
    return names


class FactorisationOptions(Block):
    """Concepts that nobody named: a layer’s activations in parts (CRAFT, Fel et al. 2023,
    https://arxiv.org/abs/2211.10154)."""

    classes: Annotated[int, Field(ge=0, le=1000)] = 3
    """Of how many classes, the first ones; 0 for none."""
    images: Annotated[int, Field(ge=2, le=10_000)] = 40
    """Test images predicted as the class that are taken apart, at most."""
    crop: Annotated[float, Field(ge=0.1, le=1)] = 0.5
    """The side of the crops that show a concept, of the image’s; they are half of that apart."""
    concepts: Annotated[int, Field(ge=2, le=50)] = 6
    """Into how many concepts."""
    masks: Annotated[int, Field(ge=4, le=4096), AfterValidator(_power_of_two)] = 32
    """Points of the Sobol sequences: each image is passed `masks` × (concepts + 2) times from the
    layer on."""
    explained: Annotated[int, Field(ge=1, le=1000)] = 10
    """Images whose concepts’ importances are measured, at most."""


class ConceptOptions(Block):
    """explain_concepts of params.yaml: how concepts are sought (TCAV, Kim et al. 2018,
    https://arxiv.org/abs/1711.11279)."""

    layers: (
        Literal["auto"]
        | Annotated[
            list[Annotated[str, Field(min_length=1)]],
            Field(min_length=1, max_length=20),
            AfterValidator(_once),
        ]
    ) = "auto"
    """Names of layers, or `auto`: three of those that activate, the first, the middle, the last."""
    values: Literal["mean", "flattened"] = "mean"
    """What of a layer with places is taken: the `mean` over them, so that a concept is found
    wherever it is; or each place by itself, `flattened`, as in the paper."""
    pictures: Annotated[int, Field(ge=MIN_PICTURES, le=100_000)] = 100
    """Pictures of a concept, at most."""
    counterparts: Annotated[int, Field(ge=2 * MIN_PICTURES, le=1_000_000)] = 500
    """Pictures that its counterparts are drawn from, at most."""
    vectors: Annotated[int, Field(ge=2, le=1000)] = 10
    """Concept activation vectors of each concept in each layer, each from other counterparts."""
    random_vectors: Annotated[int, Field(ge=5, le=1000)] = 30
    """As many vectors between random pictures say what chance gives."""
    classes: Annotated[int, Field(ge=1, le=1000)] = 10
    """For how many classes a concept is tested, the first ones, and those that it is said to
    decide."""
    class_images: Annotated[int, Field(ge=5, le=100_000)] = 60
    """Test images of a class, at most."""
    maps: Annotated[int, Field(ge=0, le=50)] = 4
    """Test images on which each concept is shown, for each layer."""
    factorisation: FactorisationOptions = FactorisationOptions()
    """Concepts that nobody named."""


class Concept(Block):
    """A concept, by pictures that show it: in a folder (`images`), of a class (`class_name`), or
    made (`planted`)."""

    images: Annotated[str, Field(min_length=1)] | None = None
    """A folder of pictures, below `reads` (`.`: `reads` itself). Its counterparts are the cell’s
    training images."""
    table: Annotated[str, Field(min_length=1)] | None = None
    """A CSV file below `reads`, with a column of file names of `images` and one per attribute."""
    attribute: Annotated[str, Field(min_length=1)] | None = None
    """A column of `table`, of 1 and 0, or yes and no: pictures with it show the concept, those
    without it are its counterparts."""
    class_name: Annotated[str, Field(min_length=1)] | None = None
    """A class whose training images show the concept. Its counterparts are training images of the
    same dataset’s other classes."""
    dataset: Name | None = None
    """Of which dataset, where it is not the cell’s own: then `reads` is its
    data/processed/<dataset>.npz."""
    planted: PlantedName | None = None
    """A concept that is put into training images of the cell. Its counterparts are other training
    images, without it. Images of the classes that it decides are neither."""
    without: Annotated[list[str], AfterValidator(_once)] | None = None
    """Classes of which no training image is a counterpart of `images` or `planted`, since their
    images show the concept themselves."""
    decides: Annotated[list[str], AfterValidator(_once)] | None = None
    """What is known to be true, if it is: the classes for which the concept speaks, `[]` where it
    says nothing about any class. The report says whether this was found."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = {"images": self.images, "class_name": self.class_name, "planted": self.planted}
        given = [name for name, value in kinds.items() if value is not None]
        if len(given) != 1:
            raise ValueError(
                "a concept is given by one of images, class_name, planted; "
                f"{' and '.join(given) or 'none of them'} {'are' if given else 'is'} here"
            )
        if (self.table is None) != (self.attribute is None):
            raise ValueError("table and attribute go together")
        if self.table is not None and self.images is None:
            raise ValueError("table and attribute go with images, the folder of the pictures")
        if self.without and (self.table is not None or self.class_name is not None):
            raise ValueError(
                "without goes with planted, or with images that no table divides: only they are "
                "told from training images of all classes"
            )
        if self.dataset is not None and self.class_name is None:
            raise ValueError("dataset goes with class_name, the class whose images are taken")
        return self


class ConceptCell(Cell):
    """A cell, and the concepts that are sought in its network."""

    reads: Annotated[str, Field(min_length=1)]
    """The file or folder whose change means seeking again: a folder of pictures,
    data/processed/<dataset>.npz of another dataset, or data/code/explain_concepts.txt where
    concepts are of neither."""
    concepts: dict[Name, Concept] = Field(default_factory=dict)
    """The concepts, by a name of your choice. Without any, only those that nobody named are
    sought."""


# Of a params.yaml that was written before concepts were sought.
DEFAULT = ConceptOptions()
