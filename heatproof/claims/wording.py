"""Numbers in the scorecard's sentences."""

from collections.abc import Iterable


def percent(share: float, decimals: int = 2) -> str:
    """A share as `98.27 %`."""
    return f"{100 * share:.{decimals}f} %"


def amount(number: float) -> str:
    """A count in four significant digits and its unit: `0.3729 M` is `372.9 k`."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.4g}{unit}"
    return f"{number:.0f}"


def listed(parts: Iterable[str]) -> str:
    """Words joined as in a sentence: `a, b and c`."""
    *earlier, last = parts
    return f"{', '.join(earlier)} and {last}" if earlier else last


def counted(number: int, one: str) -> str:
    """A counted thing: `1 epoch`, `20 epochs`."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"
