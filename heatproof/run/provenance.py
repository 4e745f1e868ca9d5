"""What a run ran on: code, parameters, versions, kernels, machine. Recorded beside its durations.

None of it says who ran it, where in the file system, or when. What cannot be found out is left out
or null, never guessed, and nothing here fails a run.
"""

import os
import platform
import re
import sys
from contextlib import suppress
from functools import lru_cache
from importlib import metadata
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heatproof.run.errors import UserError, masked
from heatproof.run.git import git
from heatproof.run.nested import leaves
from heatproof.run.source_code import ROOT
from heatproof.run.stage import begun_with

PARAMS = "params.yaml"
# What decides a run's outcome; dvc.lock and metrics/ change while a pipeline runs, by design.
CODE = ("stages", "heatproof", "dvc.yaml", "requirements.txt")
# Those that make the numbers; a backend's own are added where it is the one in use.
LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "scikit-image", "pandas",
             "pillow")  # fmt: skip
BACKENDS = {"tensorflow": (), "jax": ("jax", "jaxlib"), "torch": ("torch",)}
# Which of these a processor has decides the kernels that are chosen, and so the last bits.
INSTRUCTIONS = {"avx2": "AVX2", "avx512f": "AVX-512", "amx_tile": "AMX", "asimd": "NEON",
                "sve": "SVE"}  # fmt: skip
# The user's own switches of the libraries that compute, which may change the last bits too.
_SWITCH = re.compile(
    r"(TF|ONEDNN|DNNL|OMP|KMP|MKL|OPENBLAS|JAX|CUDA|CUBLAS|CUDNN|NVIDIA)_\w+|(TF_)?XLA_FLAGS"
)
_NO_SWITCH = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS")  # set here; the latter is `onednn`
# Cut to this length: names come from files and firmware.
LONGEST = 200

# A place on this machine: as the whole of a value, or within one.
_PLACE = re.compile(r"(?:file:|~\w*|[A-Za-z]:)?[\\/].*", re.DOTALL)
_PLACES = re.compile(r"(?<![\w.:/\\~…])(?:file:|~\w*|[A-Za-z]:)?[\\/][^\s,;'\"]+")


def run() -> dict[str, Any]:
    """Return what this process runs on, as data/timing/<stage>/<cell>.json keeps it."""
    return sources() | _software() | _machine()


def sources() -> dict[str, Any]:
    """Return the commit, and what of code and parameters is not as committed.

    As it was when first asked in this process: training may take hours, in which files change.

    Returns:
        commit: 40 hexadecimal digits, or null where the folder's params.yaml is in no commit of
        git's. changed: files of code that differ from it. parameters: `key`, `committed` and `used`
        of each parameter that differs, as text, one of the two missing where there is none.
    """
    return _sources(Path.cwd())


@lru_cache(maxsize=8)
def _sources(folder: Path) -> dict[str, Any]:
    nothing: dict[str, Any] = {"commit": None, "changed": [], "parameters": []}
    try:
        # The second fails for a copy within another repository's folder, such as the demo's.
        commit, _ = git("rev-parse", "HEAD", f"HEAD:./{PARAMS}", folder=folder).split()
        # --no-optional-locks: a status that refreshes the index would collide with DVC's own git.
        options = ("--no-optional-locks", "status", "--porcelain", "--no-renames", "-z", "--")
        status = git(*options, PARAMS, *CODE, folder=folder)
        changed = [entry[3:] for entry in status.split("\0") if entry]
        differ = any(Path(name).name == PARAMS for name in changed)
        before = git("show", f"HEAD:./{PARAMS}", folder=folder) if differ else ""
        now = begun_with(folder / PARAMS).read_text(encoding="utf-8") if differ else ""
    except (OSError, UserError, ValueError):
        return nothing
    return {
        "commit": commit,
        "changed": [name for name in changed if Path(name).name != PARAMS],
        "parameters": _differences(before, now),
    }


def _differences(committed: str, used: str) -> list[dict[str, str]]:
    """Compare two texts of params.yaml, value by value."""
    before, now = _flat(committed), _flat(used)
    return [
        {"key": key[:LONGEST]}
        | {
            name: shown(values[key])
            for name, values in (("committed", before), ("used", now))
            if key in values
        }
        for key in dict.fromkeys((*before, *now))
        if not (key in before and key in now and _same(before[key], now[key]))
    ]


def _flat(text: str) -> dict[str, Any]:
    try:
        # Not `pure`: in C it takes a quarter of the time. It reads 1e-3 as text: see `_same`.
        content = YAML(typ="safe").load(StringIO(text))
    except YAMLError:
        return {}
    return dict(leaves(content))


def _same(one: Any, other: Any) -> bool:
    with suppress(TypeError, ValueError):
        if not isinstance(one, bool) and not isinstance(other, bool):
            return float(one) == float(other)
    return one == other


def shown(value: Any) -> str:
    """Return a parameter's value as text without secrets and without places on this machine.

    Of an absolute path only the last part is kept: the others name users and machines.
    """
    if isinstance(value, list | tuple):
        text = f"[{', '.join(shown(each) for each in value)}]"
    elif isinstance(value, bool) or value is None:
        text = "null" if value is None else str(value).lower()
    else:
        text = masked(str(value))
        text = _last(text) if _PLACE.fullmatch(text) else _PLACES.sub(lambda m: _last(m[0]), text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _last(place: str) -> str:
    *_, last = re.split(r"[/\\]+", place.rstrip("/\\"))
    return f"…/{last}"


def _software() -> dict[str, Any]:
    backend = _backend()
    tensorflow = sys.modules.get("tensorflow")
    wanted = (*LIBRARIES, *BACKENDS.get(backend or "", ()))
    return {
        "python": platform.python_version(),
        "libraries": {"heatproof": _own_version(Path.cwd())}
        | {name: version for name in wanted if (version := version_of(name))},
        "backend": backend,
        "onednn": _onednn() if tensorflow else None,
        "variables": _variables(),
        "threads": _threads(tensorflow) if tensorflow else None,
    }


@lru_cache(maxsize=8)
def _own_version(study: Path) -> str:
    """Return this project's version; in a study in a folder of its own, with the commit of it."""
    version = version_of("heatproof") or "not installed"
    if study == ROOT:  # whose commit is noted with the parameters
        return version
    with suppress(OSError, UserError):
        commit = git("rev-parse", "HEAD", folder=ROOT).strip()[:13]
        changed = git("--no-optional-locks", "status", "--porcelain", "--", *CODE, folder=ROOT)
        return f"{version}, commit {commit}{', with changes' if changed else ''}"
    return version


def version_of(name: str) -> str:
    """Return an installed package's version; empty where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _backend() -> str | None:
    """Keras' backend, where this process has loaded Keras."""
    keras = sys.modules.get("keras")
    with suppress(Exception):  # half-loaded, or another version's names
        return keras.backend.backend() if keras else None
    return None


def _onednn() -> str:
    """Whether TensorFlow uses oneDNN's kernels, as it read when it was loaded."""
    switch = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "")
    return {"1": "on", "0": "off"}.get(switch, "as TensorFlow chooses")


def _variables() -> dict[str, str]:
    """The environment's variables that choose kernels, their order of sums or their precision."""
    return {
        name[:LONGEST]: shown(value)
        for name, value in sorted(os.environ.items())
        if _SWITCH.fullmatch(name) and name not in _NO_SWITCH
    }


def _threads(tensorflow: Any) -> int | None:
    """Threads inside an operation; None where TensorFlow was left to choose."""
    with suppress(Exception):
        return tensorflow.config.threading.get_intra_op_parallelism_threads() or None
    return None


def _machine() -> dict[str, Any]:
    cpu, instructions = processor()
    return {
        "cpu": cpu,
        "instructions": instructions,
        "cores": _cores(),
        "memory_gib": _memory(),
        "gpus": _gpus(),
        "system": _system(),
    }


def processor() -> tuple[str | None, list[str]]:
    """The processor's name, and which of `INSTRUCTIONS` it has."""
    try:
        # Every core repeats the same; a large machine has hundreds.
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = takewhile(str.strip, file)
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
    except OSError:
        return platform.processor()[:LONGEST] or None, []
    facts = {name.strip(): value.strip() for name, value in fields.items()}
    name = facts.get("model name") or facts.get("Processor") or platform.processor()
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    has = [label for flag, label in INSTRUCTIONS.items() if flag in flags]
    return " ".join(name.split())[:LONGEST] or None, has


def _cores() -> int | None:
    """Logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory() -> int | None:
    """The machine's memory in GiB, or what a container may use of it."""
    sizes = []
    with suppress(OSError, ValueError, AttributeError):
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError):
        sizes.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return max(1, round(min(sizes) / 2**30)) if sizes else None


def _gpus() -> list[str]:
    """The names of the accelerators that the backend computes on; empty on a CPU."""
    names: list[str] = []
    tensorflow, jax, torch = map(sys.modules.get, ("tensorflow", "jax", "torch"))
    backend = _backend()
    with suppress(Exception):  # a driver that answers badly must not fail the run
        if backend == "tensorflow" and tensorflow:
            for gpu in tensorflow.config.list_physical_devices("GPU"):
                details = tensorflow.config.experimental.get_device_details(gpu)
                names.append(str(details.get("device_name") or "GPU"))
        elif backend == "jax" and jax:
            names += [str(d.device_kind) for d in jax.devices() if d.platform != "cpu"]
        elif backend == "torch" and torch and torch.cuda.is_available():
            names += map(torch.cuda.get_device_name, range(torch.cuda.device_count()))
    return [name[:LONGEST] for name in names]


def _system() -> str:
    """The operating system, its architecture and C library; kernels may be named after a host."""
    parts = [platform.system(), platform.machine()]
    with suppress(OSError, KeyError):
        parts[0] = platform.freedesktop_os_release()["PRETTY_NAME"]
    with suppress(OSError, ValueError, AttributeError):
        parts.append(os.confstr("CS_GNU_LIBC_VERSION") or "")
    return ", ".join(part for part in parts if part)[:LONGEST]
