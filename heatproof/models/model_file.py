"""A network from a Keras file, of which nothing but layers of Keras' own is accepted.

A `.keras` or `.h5` file describes a network in JSON, by names of classes and functions that Keras
looks up and calls. In safe mode Keras refuses code in the file itself; here the description is also
read first, and must name Keras' own layers, initialisers and the like only.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from heatproof.models import keras_2
from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import h5py

MOST_BYTES = 4 * 2**30  # of the file, and of what is in it
_MOST_DESCRIPTION = 64 * 2**20
# Where Keras has what networks are made of; keras.utils, say, has functions that fetch files.
_PLACES = (
    "layers", "initializers", "regularizers", "constraints", "activations", "dtype_policies",
    "models", "src.layers", "src.models", "src.ops", "src.applications", "src.activations",
    "optimizers", "losses", "metrics",  # of a model within it that was compiled
)  # fmt: skip
# What Keras writes by name alone.
_FUNCTIONS = tuple(name for name in vars(keras.activations) if name.islower())
# Layers of Keras' own that run code of others, or read files that the description names.
_REFUSED = {
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup",
    "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing", "FeatureSpace",
    "__lambda__", "Pipeline",
}  # fmt: skip
# What Keras and HDF5 raise of a file that is damaged, or of another version.
_NO_NETWORK = (ValueError, TypeError, KeyError, OSError, AttributeError, ImportError, RuntimeError,
               LookupError, NotImplementedError)  # fmt: skip


def read_model(path: Path) -> keras.Model:
    """Load a network from a file of Keras 3 (`.keras`), or of Keras 2 or 3 (`.h5`).

    Raises:
        UserError: there is no such file, it is too large, damaged or of another kind, or its
            network has layers other than Keras' own.
    """
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise UserError(
            f"{path}: {what}; expected a network: a .keras, .h5 or .onnx file, or the folder of a "
            "SavedModel"
        )
    if path.stat().st_size > MOST_BYTES:
        raise UserError(f"{path}: larger than {MOST_BYTES // 2**30} GiB")
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise UserError(
            f"{path}: expected a network: .keras, .h5, .onnx, or the folder of a SavedModel; of "
            "another kind of file (a checkpoint, say) save the model that it belongs to"
        )
    description = _of_zip(path) if path.suffix == ".keras" else _of_hdf5(path)
    if isinstance(description, dict):
        description.pop("compile_config", None)  # with compile=False Keras does not look at it
    _require_own_layers(path, description)
    try:
        with _readable(path, description) as readable:
            model = keras.saving.load_model(readable, compile=False, safe_mode=True)
    except _NO_NETWORK as reason:
        first = _first_line(reason)
        raise UserError(f"{path}: Keras {keras.__version__} cannot load it: {first}") from None
    if not isinstance(model, keras.Model):
        raise UserError(f"{path}: it holds a {type(model).__name__}; expected a network")
    return model


def described(path: Path, description: str, own: tuple[type[keras.Layer], ...] = ()) -> keras.Model:
    """Build a network, with weights yet to be loaded, of the description that a file has of it.

    Args:
        path: the file, for the message.
        description: JSON, as Keras writes it.
        own: layers of this project that may be in it beside Keras'.

    Raises:
        UserError: it is no description of a network of Keras' own layers.
    """
    try:
        known = {f"{layer.__module__}>{layer.__name__}": layer for layer in own}
        content = json.loads(description)
        _require_own_layers(path, content, known)
        _register(content, known)
        model = keras.models.model_from_json(json.dumps(content), custom_objects=known)
        if not isinstance(model, keras.Model):
            raise TypeError(f"it is of a {type(model).__name__}")
    except _NO_NETWORK as reason:
        raise UserError(f"{path}: no description of a network ({_first_line(reason)})") from None
    return model


@contextmanager
def _readable(path: Path, description: Any) -> Iterator[Path]:
    """Give the file that Keras 3 reads: of Keras 2 sometimes a copy, its description renewed."""
    renewed = keras_2.renewed(description) if path.suffix != ".keras" else description
    if renewed == description:
        yield path
        return
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        with h5py.File(copy, "a") as file:
            file.attrs["model_config"] = json.dumps(renewed)
        yield copy


def _first_line(reason: Exception) -> str:
    return next(iter(str(reason).strip().splitlines()), type(reason).__name__)


def _of_zip(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                raise UserError(f"{path}: unpacked it is larger than {MOST_BYTES // 2**30} GiB")
            outside = [name for name in archive.namelist() if _leads_outside(name)]
            if outside:
                raise UserError(f"{path}: its member {outside[0]!r} leads outside it")
            if archive.getinfo("config.json").file_size > _MOST_DESCRIPTION:
                raise UserError(f"{path}: its description is too long")
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, RecursionError, EOFError,
            NotImplementedError) as reason:  # fmt: skip
        raise UserError(f"{path}: no network that Keras has saved ({reason})") from None


def _of_hdf5(path: Path) -> Any:
    import h5py

    try:
        with h5py.File(path) as file:
            require_numbers(path, file)
            text = file.attrs.get("model_config")
            if text is None:
                raise UserError(
                    f"{path}: it has weights alone; expected a whole network, as `model.save` "
                    "writes it"
                )
            return json.loads(text)
    except (OSError, KeyError, ValueError, TypeError, RecursionError, RuntimeError) as reason:
        raise UserError(f"{path}: no network that Keras has saved ({reason})") from None


def require_numbers(path: Path, file: "h5py.File") -> None:
    """Refuse an HDF5 file that would have other files read: by links, or storage outside it.

    Raises:
        UserError: it has one.
    """
    import h5py

    def refuse(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            raise UserError(f"{path}: '{name}' leads to another file; expected numbers in this one")
        if isinstance(link, h5py.HardLink):
            part = file[name]
            if isinstance(part, h5py.Dataset) and (part.is_virtual or part.external):
                raise UserError(f"{path}: '{name}' is stored in another file; expected it in this")

    file.visititems_links(refuse)


def _leads_outside(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in Path(name).parts


def _require_own_layers(
    path: Path, description: Any, more: Mapping[str, type[keras.Layer]] | None = None
) -> None:
    for kind, module in _named(description):
        if more and f"{module}>{kind}" in more:
            continue
        if kind in _REFUSED or not _is_part_of_keras(module, kind):
            place = f" of {module}" if module else ""
            raise UserError(
                f"{path}: it has {kind}{place}, which is no layer of Keras that is taken from a "
                "file: it could run any code. Build the network in Python with layers of Keras in "
                "its place (a Rescaling, say), and hand it over: heatproof.open_model(model, ...)"
            )


def _register(part: Any, own: Mapping[str, type[keras.Layer]]) -> None:
    """Have Keras find layers of this project by their modules: some have the names of its own."""
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            _register(inner, own)
    if isinstance(part, dict) and (name := f"{part.get('module')}>{part.get('class_name')}") in own:
        part["registered_name"] = name


def _named(part: Any) -> Iterator[tuple[str, str]]:
    """Yield each class or function that a description names, with its module."""
    if isinstance(part, dict):
        if isinstance(kind := part.get("class_name"), str):
            if kind == "function" and isinstance(part.get("config"), str):
                kind = part["config"]  # its name
            module = part.get("module")
            yield kind, module if isinstance(module, str) else ""
            registered = part.get("registered_name")
            if isinstance(registered, str) and ">" in registered:
                package = registered.partition(">")[0]
                yield kind, "" if package == "Keras" else package
        for inner in part.values():
            yield from _named(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _named(inner)


def _is_part_of_keras(module: str, kind: str) -> bool:
    """Say whether a class or function is one of which networks are made."""
    if not kind.isidentifier():  # Keras would take `layers.Lambda` of `keras` for a name too
        return False
    if module == "builtins":
        return kind in (*_FUNCTIONS, "slice", "tuple") or kind.startswith("__")
    places = (f"keras.{place}" for place in _PLACES)
    return module in ("", "keras") or any(
        module == place or module.startswith(f"{place}.") for place in places
    )
