"""Examples: small complete studies, each a folder with a study.yaml and a README.md.

A seconds.json says how long each stage took where it was measured, so that the first run can tell
how much time is left.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from heatproof.config import params
from heatproof.config.models import Budget
from heatproof.config.schema import Block, Count, Name
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.new import few_images, folder, texts
from heatproof.run.errors import require_known
from heatproof.storage import stage_seconds

EXAMPLES = folder.REPOSITORY / "examples"
PUBLISHED = "published"


class Example(Block):
    """study.yaml: a study as far as it is not the published one.

    datasets: of each its entry in params.yaml, or `published` for the published study's. models: of
    the published study. schedules: of a model, by its name, on these datasets. images_per_class: on
    how few images of each class networks are trained too, each time from as many seeds as `draws`.
    """

    datasets: Annotated[dict[Name, Literal["published"] | dict[str, Any]], Field(min_length=1)]
    models: Annotated[list[Name], Field(min_length=1)]
    budget: Budget = "cpu"
    schedules: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    images_per_class: Annotated[list[Count], AfterValidator(few_images.different)] = Field(
        default_factory=list
    )
    draws: Annotated[int, Field(ge=1, le=few_images.MAX_DRAWS)] = few_images.DRAWS


def write(name: str, target: Path) -> list[str]:
    """Make a study's folder of an example, named or by its folder.

    Returns:
        What to tell the user beside that it is done.

    Raises:
        UserError: there is no such example, it is wrong, or the target is in the way.
    """
    place = _place(name)
    file = place / "study.yaml"
    example = validated(file, "", Example, read_yaml(file))
    known = params.load(folder.REPOSITORY / params.PARAMS)
    sources = example.datasets
    published = [name for name, source in sources.items() if source == PUBLISHED]
    for key, names, there in (
        ("models", example.models, known.models),
        ("datasets", published, known.datasets),
    ):
        for each in names:
            what = f"{file}: {key}: '{each}' is not in the repository's params.yaml"
            require_known(what, each, there)
    contents = texts.Contents(
        budget=example.budget,
        datasets={
            name: None if source == PUBLISHED else texts.entry(name, source)
            for name, source in sources.items()
        },
        models=example.models,
        schedules={model: json.dumps(each) for model, each in example.schedules.items()},
        few_images=(example.images_per_class, few_images.seeds(known.seed, example.draws)),
    )
    notes = folder.write(target, contents, (place / "README.md").read_text(encoding="utf-8"))
    stage_seconds.expect(place, target)
    return notes


def _place(name: str) -> Path:
    for place in (Path(name), EXAMPLES / name):
        if (place / "study.yaml").is_file():
            return place
    known = sorted(path.parent.name for path in EXAMPLES.glob("*/study.yaml"))
    what = f"--from {name}: there is no such example"
    require_known(what, name, known, ", or a folder with a study.yaml")
    return EXAMPLES / name
