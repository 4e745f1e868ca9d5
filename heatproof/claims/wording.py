"""Numbers in the scorecard's sentences."""


def percent(share: float, decimals: int = 2) -> str:
    """A share as `98.27 %`."""
    return f"{100 * share:.{decimals}f} %"


def amount(number: float) -> str:
    """A count in four significant digits and its unit: `0.3729 M` is `372.9 k`."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.4g}{unit}"
    return f"{number:.0f}"
