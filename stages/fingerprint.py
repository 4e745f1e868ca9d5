"""List what each stage runs, for DVC: code and settings. `python -m stages.fingerprint`

data/code/<stage>.txt lists every module that decides a stage's numbers, each with a hash of what it
does (`heatproof.run.source_code`); data/code/models/<model>.txt those of the model's architecture,
data/code/derive/<model>.txt those of the way in which it is derived, data/code/datasets/
<dataset>.txt those that fetch the dataset from its source: stages find them by name. So a stage
reruns when code that it really uses changes, and nobody keeps lists of modules.

data/runs/<run>.json is all that params.yaml says of a training, defaults filled in, or of a saved
or derived network. So a run is trained, opened or derived again when what it uses changes, wherever
that stands.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.fingerprint", purpose="List what each stage runs, in data/code/.")

from pathlib import Path

from heatproof.attribution import registry
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.derived import WAYS, trained_as
from heatproof.crosscheck import checks
from heatproof.crosscheck.processes import PROGRAM
from heatproof.datasets.options import SOURCES
from heatproof.models.options import ARCHITECTURES
from heatproof.playground import methods as live_page
from heatproof.run import source_code
from heatproof.storage import atomic, paths
from heatproof.trust import registry as trust_registry

STAGES = Path(__file__).parent
# They have a list for each family, and none.
OTHERS = ("__init__", "explain", "measure", "fingerprint")


def main() -> None:
    study = params.load()
    code = {
        f"code/{name}.txt": listed(*modules, prose=name in source_code.TELLING)
        for name, modules in entries(study).items()
    }
    settings = {f"runs/{name}.json": study.run(name).description() for name in study.run_names}
    for name, content in (code | settings).items():
        atomic.write_text(paths.DATA / name, content)
    for path in (*paths.DATA.glob("code/**/*.*"), *paths.DATA.glob("runs/*.*")):
        if path.relative_to(paths.DATA).as_posix() not in code | settings:
            path.unlink()


def entries(study: params.Params) -> dict[str, tuple[str, ...]]:
    """Return the lists of code by name, each with the modules that it starts from."""
    stages = {path.stem for path in STAGES.glob("*.py")} - set(OTHERS)
    methods = {name: getattr(study.explain, name) for name in STAGE_FAMILIES}
    every = registry.modules(study.explain.methods)
    tried = registry.modules(study.domains.methods)
    measured = (name for name, options in study.assess.measures if options is not None)
    measures = trust_registry.modules(measured)
    more = {
        "assess": measures,
        "assess_shuffled": every,
        **dict.fromkeys(("evaluate_corrupted", "evaluate_on"), tried),
        "crosscheck": (PROGRAM, *checks.modules()),
        "playground": registry.modules(live_page.NAMES),
        "report": (*every, *trust_registry.modules(trust_registry.FAMILIES)),
    }
    return {
        **{stage: (f"stages.{stage}", *more.get(stage, ())) for stage in sorted(stages)},
        "evaluate_saved": ("stages.evaluate",),
        "evaluate_derived": ("stages.evaluate",),
        **{
            f"{stage}_{family}": (f"stages.{stage}", *registry.modules(listed), *others)
            for family, listed in methods.items()
            for stage, others in (("explain", ()), ("measure", measures))
        },
        **{
            f"models/{name}": tuple(f"{ARCHITECTURES}.{x}" for x in architectures(study, name))
            for name in study.models
        },
        **{
            f"derive/{name}": (f"{WAYS}.{model.way.by}",)
            for name, model in study.models.items()
            if model.way is not None
        },
        **{
            f"datasets/{name}": ("stages.fetch", f"{SOURCES}.{dataset.fetch.source}")
            for name, dataset in study.datasets.items()
        },
    }


def architectures(study: params.Params, name: str) -> tuple[str, ...]:
    """Return a model's architecture, and those of all that it is derived from."""
    waiting, seen = [name], dict[str, str]()
    while waiting:
        current = waiting.pop()
        model = study.models[current]
        seen[current] = model.network.architecture
        others = (model.origin, model.way and trained_as(model.way))
        waiting += [other for other in others if other and other not in seen]
    return tuple(dict.fromkeys(seen.values()))


def listed(*modules: str, prose: bool = False) -> str:
    """Return a line for each file of code: its hash and its path."""
    digests = source_code.digests(*modules, prose=prose)
    return "".join(f"{digest}  {path}\n" for path, digest in digests.items())
