"""`explain.counterfactual` of params.yaml: what is searched for, and of how many images."""

from typing import Annotated

from pydantic import Field, model_validator

from heatproof.config.schema import Block


class SearchOptions(Block):
    """What is searched for. Of `l1`, `l2` and `total_variation` only the ratios count."""

    steps: Annotated[int, Field(ge=1, le=10_000)]
    """Steps of the search."""
    l1: Annotated[float, Field(ge=0, le=1000)]
    """Weight of the change’s l1 norm, which makes few pixels change."""
    l2: Annotated[float, Field(ge=0, le=1000)]
    """Weight of the change’s l2 norm."""
    total_variation: Annotated[float, Field(ge=0, le=1000)]
    """Weight of the change’s total variation, which evens patches."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """The target class’s probability that has to be reached."""

    @model_validator(mode="after")
    def _some_size(self) -> "SearchOptions":
        if self.l1 + self.l2 + self.total_variation == 0:
            raise ValueError("l1, l2 and total_variation are all 0: any change would do")
        return self


class CounterfactualOptions(SearchOptions):
    """explain.counterfactual of params.yaml."""

    images: Annotated[int, Field(ge=0, le=1000)]
    """How many of the explained images, at most."""
    fgsm_epsilons: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]
    """How far the adversarial attack may move a pixel of [0, 1], tried from the smallest (FGSM,
    Goodfellow et al. 2014, https://arxiv.org/abs/1412.6572)."""
