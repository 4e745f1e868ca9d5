"""Whether there is a number: NaN, infinity and None are none."""

import math
from typing import TypeGuard


def known(value: float | None) -> TypeGuard[float]:
    """Whether `value` is a finite number."""
    return value is not None and math.isfinite(value)
