"""YAML files of a study, read safely: a mistake in one is named."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, MappingNode, SafeConstructor, ScalarNode
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heatproof.run.errors import UserError, escaped, shown_value

_DEEPEST, _MOST_VALUES = 100, 1_000_000


class _Constructor(SafeConstructor):
    def flatten_mapping(self, node: MappingNode) -> None:
        """Refuse a key that is there twice beside a merge key too, where ruamel.yaml does not."""
        keys: set[str] = set()
        # The second time, merged keys are among them, which the mapping's own may replace.
        own = node.value if getattr(node, "merge", None) is None else ()
        for key, _ in own:
            if isinstance(key, ScalarNode):
                if key.value in keys:
                    problem = f'found duplicate key "{key.value}"'
                    raise DuplicateKeyError(None, None, problem, key.start_mark)
                keys.add(key.value)
        super().flatten_mapping(node)


def _require_finite(content: Any) -> None:
    """Refuse what anchors make of a few lines: values within themselves, or millions of them.

    Raises:
        ValueError: there are such.
    """
    waiting, seen = [(content, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        inner = (*value, *value.values()) if isinstance(value, dict) else value
        seen += 1
        if depth > _DEEPEST or seen > _MOST_VALUES:
            raise ValueError("its anchors make more of it than can be read")
        if isinstance(inner, list | tuple):
            waiting += [(each, depth + 1) for each in inner]


def read_yaml(path: Path, source: Path | None = None) -> Any:
    """Read a YAML file of the repository, or what is kept of it in `source`.

    Raises:
        UserError: it is missing or not valid YAML.
    """
    source = source or path
    # A pipe would be waited for, a device read for ever.
    if not source.is_file() and (source.is_symlink() or source.exists()):
        raise UserError(
            f"{path}: this is no file (but a folder, a pipe, a device, or a link to nothing); "
            "restore it with git checkout"
        )
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        content = yaml.load(source.read_text(encoding="utf-8"))
        _require_finite(content)
        return content
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file; run the command in the repository's folder"
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        if isinstance(error, MarkedYAMLError) and error.problem and error.problem_mark:
            reason = f"line {error.problem_mark.line + 1}: {error.problem}"
        raise UserError(f"{path}: not valid YAML: {escaped(reason)}; correct that line") from None
    except NotADirectoryError:
        raise UserError(f"{path}: this is no file; restore it with git checkout") from None
    except RecursionError:
        raise UserError(f"{path}: not valid YAML: nested too deeply; correct it") from None
    # What the library lets through of a value that is not what its form says, as 2020-13-45.
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        reason = shown_value(str(error))
        raise UserError(f"{path}: not valid YAML: a value is wrong: {reason}; correct it") from None
