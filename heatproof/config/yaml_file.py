"""YAML files of a study, read safely: a mistake in one is named."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heatproof.run.errors import UserError, printable, shown_value


def read_yaml(path: Path) -> Any:
    """Read a YAML file of the repository. Raises UserError if it is missing or not valid YAML."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file; run the command in the repository's folder"
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        reason = printable(" ".join(str(error).split()))
        raise UserError(f"{path}: not valid YAML: {reason}; correct that line") from None
    except (IsADirectoryError, NotADirectoryError):
        raise UserError(f"{path}: this is no file; restore it with git checkout") from None
    except RecursionError:
        raise UserError(f"{path}: not valid YAML: nested too deeply; correct it") from None
    # What the library lets through of a value that is not what its form says, as 2020-13-45.
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        reason = shown_value(str(error))
        raise UserError(f"{path}: not valid YAML: a value is wrong: {reason}; correct it") from None
