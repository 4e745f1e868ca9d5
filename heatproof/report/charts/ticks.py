"""Where an axis has its ticks: at round numbers."""

import math


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that cover low to high: steps of 1, 2 or 5 times a power of ten.

    Raises:
        ValueError: high is not above low.
    """
    if not high > low:
        raise ValueError(f"no span between {low} and {high}")
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * size for size in (1, 2, 5, 10) if power * size >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def across(low: float, high: float) -> list[float]:
    """Round numbers between low and high, and these two, where there is room."""
    if high == low:
        return [low]
    inner = [x for x in ticks(low, high, 5) if low < x < high and x == int(x)]
    room = (high - low) / 12
    return [low, *(x for x in inner if x - low > room and high - x > room), high]


def upwards(low: float, high: float, as_percent: bool) -> list[float]:
    """Round numbers that cover low to high; of shares none beyond 0 and 1."""
    if high - low < 1e-6:
        pad = 0.01 if as_percent else max(abs(high) * 0.1, 0.01)
        low, high = low - pad, high + pad
    if as_percent:
        low, high = max(0.0, low), min(1.0, high)
        return [y for y in ticks(low, high, 4) if -1e-9 <= y <= 1 + 1e-9]
    return ticks(max(0.0, low) if low >= 0 else low, high, 4)
