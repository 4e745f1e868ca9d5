"""The demo as a study: three networks on scikit-learn's bundled digits."""

from pathlib import Path

from heatproof.config import params
from heatproof.new import folder, texts
from heatproof.run.errors import UserError

DATASET = "digits"
MODELS = ("simple_cnn", "baseline_cnn", "mobilenet_v2")
_README = """# Demo

Three networks on scikit-learn's handwritten digits, made by `make demo`. The report is
reports/index.html. Ask a question, and compare the answer with what was there:

```
dvc exp run -S models.baseline_cnn.network.stride=2
```
"""


def prepare(demo: Path) -> None:
    """Make the demo's folder, unless it is there.

    Raises:
        UserError: params.yaml is not valid, or lacks what the demo uses.
    """
    real = (folder.REPOSITORY / params.PARAMS).read_text("utf-8")
    study = params.load(folder.REPOSITORY / params.PARAMS)
    for known, names in ((study.models, MODELS), (study.datasets, (DATASET,))):
        for missing in set(names) - known.keys():
            raise UserError(
                f"{params.PARAMS}: '{missing}' is not there, which the demo uses: "
                "`git checkout params.yaml`, or a study of your own: `heatproof new`"
            )
    pipeline_file = texts.pipeline_text((folder.REPOSITORY / "dvc.yaml").read_text("utf-8"))
    if (demo / params.PARAMS).exists():
        if (demo / "dvc.yaml").read_text("utf-8") != pipeline_file:
            print(f"note: {demo.name}/ is of another version; delete it to begin anew")
        return
    datasets = texts.sections(texts.sections(real)["datasets"].split("\ndatasets:\n")[1], indent=2)
    contents = texts.Contents("cpu", DATASET, datasets[DATASET], MODELS, {}, texts.SIZED_FOR)
    files = {"params.yaml": texts.params_text(real, contents), "dvc.yaml": pipeline_file}
    for note in folder.write(demo, {**files, "README.md": _README}):
        print(f"note: {note}")
