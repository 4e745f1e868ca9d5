"""Examples: small complete studies, each a folder with a study.yaml and a README.md."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from heatproof.config import params
from heatproof.config.models import Budget
from heatproof.config.schema import Block, Name
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.new import folder, texts
from heatproof.run.errors import require_known

EXAMPLES = folder.REPOSITORY / "examples"


class Example(Block):
    """study.yaml: a study as far as it is not the published one.

    models: of the published study. source: the dataset's entry in params.yaml; left out, it is the
    published study's. schedules: of a model, by its name, on this dataset.
    """

    dataset: Name
    models: Annotated[list[Name], Field(min_length=1)]
    budget: Budget = "cpu"
    source: dict[str, Any] | None = None
    schedules: dict[Name, dict[str, Any]] = Field(default_factory=dict)


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
    for key, names, there in (
        ("models", example.models, known.models),
        ("dataset", [] if example.source else [example.dataset], known.datasets),
    ):
        for each in names:
            what = f"{file}: {key}: '{each}' is not in the repository's params.yaml"
            require_known(what, each, there)
    contents = texts.Contents(
        budget=example.budget,
        dataset=example.dataset,
        source=texts.entry(example.dataset, example.source) if example.source else None,
        models=example.models,
        schedules={model: json.dumps(each) for model, each in example.schedules.items()},
    )
    return folder.write(target, contents, (place / "README.md").read_text(encoding="utf-8"))


def _place(name: str) -> Path:
    for place in (Path(name), EXAMPLES / name):
        if (place / "study.yaml").is_file():
            return place
    known = sorted(path.parent.name for path in EXAMPLES.glob("*/study.yaml"))
    what = f"--from {name}: there is no such example"
    require_known(what, name, known, ", or a folder with a study.yaml")
    return EXAMPLES / name
