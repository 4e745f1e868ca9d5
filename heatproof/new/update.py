"""`heatproof update`: bring the stages of a study made by `heatproof new` up to this version."""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "heatproof.new.update",
        purpose="Write dvc.yaml as this version of heatproof has it.",
        prog="heatproof update",
    )

from pathlib import Path

from ruamel.yaml import YAML

from heatproof.config.params import PARAMS, Params
from heatproof.config.yaml_file import read_yaml
from heatproof.new import folder, texts
from heatproof.run.errors import UserError
from heatproof.storage import atomic, paths

STAGES = Path("dvc.yaml")


def main() -> None:
    """Rewrite dvc.yaml, and add to params.yaml what it lacks; all else stays as it is."""
    if Path.cwd().resolve() == folder.REPOSITORY or not STAGES.exists():
        raise UserError(f"{Path.cwd()}: expected a study that `heatproof new` made")
    if STAGES.read_text(encoding="utf-8") == current(Path()):
        print(f"{STAGES} is this version's already")
    else:
        atomic.write_text(STAGES, current(Path()))
        print(f"{STAGES} is now this version's (`git diff` shows what changed)")
    if added := add_missing(Path()):
        print(f"{PARAMS}: added {', '.join(added)} at its end, empty or as usual")
    if any(paths.RAW.glob("*.npz")):
        print(f"{paths.RAW}/*.npz: nothing reads these of an earlier version; you may delete them")


def add_missing(study: Path) -> list[str]:
    """Add to params.yaml what this version's stages depend on and an earlier one's did not.

    Returns:
        the names of what was added.
    """
    own, real = read_yaml(study / PARAMS), folder.originals()[0]
    shown = texts.sections(real)  # what is as usual where nothing says so is not added
    lacking = [
        name for name, field in Params.model_fields.items()
        if not field.is_required() and name in shown
        and isinstance(own, dict) and name not in own
    ]  # fmt: skip
    if lacking:
        text = texts.additions(real, lacking)
        before = (study / PARAMS).read_text(encoding="utf-8")
        atomic.write_text(study / PARAMS, before.rstrip("\n") + f"\n{text}")
    return lacking


def is_current(study: Path) -> bool:
    """Whether a study has each stage of this version as it is here; it may have others too.

    Raises:
        UserError: its dvc.yaml cannot be read.
    """
    file = study / STAGES
    if not file.exists():
        return False
    content, real = read_yaml(file), YAML(typ="safe", pure=True).load(current(study))["stages"]
    stages = content.get("stages") if isinstance(content, dict) else None
    return isinstance(stages, dict) and stages | real == stages


def current(study: Path) -> str:
    """Return what this version's dvc.yaml says in a study's folder."""
    return texts.pipeline_text(folder.originals()[1], (study / "claims.yaml").exists())
