"""Tables as CSV files, atomic and byte-stable."""

import csv
import io
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage.atomic import write_text
from heatproof.storage.formats import remake, require, require_keys

if TYPE_CHECKING:
    import pandas as pd


def read_table(
    path: Path, made_by: str = "", numbers: Collection[str] = (), text: Collection[str] = ()
) -> "pd.DataFrame":
    """Read a CSV table. Columns of `text` are not taken for numbers, whatever they look like.

    Raises:
        UserError: it is missing or damaged, or lacks one of the columns that are to be `numbers`;
            `made_by` is the stage to run.
    """
    import pandas as pd

    require(path, made_by)
    try:
        kinds = dict.fromkeys(text, str)
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=kinds)
        require_keys(path, table.columns, (*numbers, *text), made_by)
        if wrong := [name for name in numbers if table[name].dtype.kind not in "iuf"]:
            raise ValueError(f"expected numbers as {', '.join(wrong)}")
        return table
    except ValueError as error:  # of which pandas' ParserError and EmptyDataError are
        remedy = remake(path, made_by) if made_by else "replace it"
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a valid CSV table ({reason}); {remedy}") from error


def write_table(path: Path, table: "Mapping[str, Iterable[Any]] | pd.DataFrame") -> None:
    """Write a table's columns as CSV (UTF-8, floats with 6 significant digits, NaN as nothing).

    The bytes are those of pandas' `to_csv`, which a machine that only trains need not have.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*([_written(v) for v in table[name]] for name in table), strict=True))
    write_text(path, text.getvalue())


def _written(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
