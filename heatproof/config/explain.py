"""`explain` of params.yaml: which test images are explained, and how."""

from typing import Annotated

from pydantic import Field, model_validator

from heatproof.attribution import registry
from heatproof.config.models import Budget
from heatproof.config.schema import Block, Count
from heatproof.counterfactuals.options import CounterfactualOptions
from heatproof.features.options import FeaturesOptions


class MaxImages(Block):
    """How many images of a cell are explained at most, under each budget."""

    cpu: Count = 40
    """Under `budget: cpu`."""
    paper: Count = 200
    """Under `budget: paper`."""
    best: Count = 200
    """Under `budget: best`."""


class ImageChoice(Block):
    """Which test images are explained, for each class, and how many of all classes at most."""

    right_per_class: Annotated[int, Field(ge=0, le=100)]
    """Images per class that are predicted correctly."""
    wrong_per_class: Annotated[int, Field(ge=0, le=100)]
    """Images per class that are predicted wrongly."""
    max: MaxImages = MaxImages()
    """Images of all classes at most, by budget; but as many as `assess.images` asks for in any
    case."""

    @model_validator(mode="after")
    def _some(self) -> "ImageChoice":
        if self.right_per_class + self.wrong_per_class == 0:
            raise ValueError("right_per_class and wrong_per_class are both 0: nothing to explain")
        return self

    def limit(self, budget: Budget) -> int:
        """Return how many images of a cell are explained at most, unless more are assessed."""
        return getattr(self.max, budget)


class Explain(Block):
    """Which images are explained, and how: of each stage family the methods with their options."""

    images: ImageChoice
    """Which test images of a cell are explained."""
    gradients: registry.GradientMethods
    """Methods of few passes each, computed by the stage `explain_gradients`. A method that is not
    listed is not computed; an option that is not given has its default."""
    perturbation: registry.PerturbationMethods
    """Slow methods that hide parts of the image, by the stage `explain_perturbation`."""
    shapley: registry.ShapleyMethods
    """Slow methods that approximate Shapley values, by the stage `explain_shapley`."""
    features: FeaturesOptions
    """What is shown of the network’s filters and feature maps."""
    counterfactual: CounterfactualOptions
    """The search for the smallest change that flips a prediction."""

    @property
    def methods(self) -> dict[str, Block]:
        """Every method of maps that is listed, with its options."""
        return {**self.gradients, **self.perturbation, **self.shapley}


# What is found in a cell's network, each by a stage explain_<name>.
EXPLAINED = tuple(name for name in Explain.model_fields if name != "images")
