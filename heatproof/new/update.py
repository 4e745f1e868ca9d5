"""`heatproof update`: bring the stages of a study made by `heatproof new` up to this version."""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "heatproof.new.update", purpose="Write dvc.yaml as this version of heatproof has it."
    )

from pathlib import Path

from heatproof.new import folder, texts
from heatproof.run.errors import UserError
from heatproof.storage import atomic

STAGES = Path("dvc.yaml")


def main() -> None:
    """Rewrite dvc.yaml; the study's own parameters and results stay as they are."""
    if Path.cwd().resolve() == folder.REPOSITORY or not STAGES.exists():
        raise UserError(f"{Path.cwd()}: expected a study that `heatproof new` made")
    if is_current(Path()):
        print(f"{STAGES} is this version's already")
        return
    atomic.write_text(STAGES, current(Path()))
    print(f"{STAGES} is now this version's (`git diff` shows what changed)")


def is_current(study: Path) -> bool:
    """Whether a study's stages are those of this version."""
    file = study / STAGES
    return file.exists() and file.read_text(encoding="utf-8") == current(study)


def current(study: Path) -> str:
    """Return what this version's dvc.yaml says in a study's folder."""
    return texts.pipeline_text(folder.originals()[1], (study / "claims.yaml").exists())
