"""`explain.counterfactual` of params.yaml: what is searched for, and of how many images."""

from typing import Annotated

from pydantic import Field, model_validator

from heatproof.config.schema import Block


class SearchOptions(Block):
    """What is searched for.

    steps: of the search. l1, l2, total_variation: weights of the change's size, of which only the
    ratios count. confidence: the target class' probability, to be reached.
    """

    steps: Annotated[int, Field(ge=1, le=10_000)]
    l1: Annotated[float, Field(ge=0, le=1000)]
    l2: Annotated[float, Field(ge=0, le=1000)]
    total_variation: Annotated[float, Field(ge=0, le=1000)]
    confidence: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _some_size(self) -> "SearchOptions":
        if self.l1 + self.l2 + self.total_variation == 0:
            raise ValueError("l1, l2 and total_variation are all 0: any change would do")
        return self


class CounterfactualOptions(SearchOptions):
    """explain.counterfactual of params.yaml.

    images: how many of the explained images, at most. fgsm_epsilons: how far the attack may move a
    pixel, of [0, 1], tried from the smallest.
    """

    images: Annotated[int, Field(ge=0, le=1000)]
    fgsm_epsilons: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]
