"""Names of lines at the right end of a chart, kept apart."""

from collections.abc import Sequence

LABEL_HEIGHT, LETTER_WIDTH = 13.0, 7.0  # of a name, in the chart's units


def spread(places: Sequence[float], low: float, high: float) -> list[float | None]:
    """Move labels apart so that none overlap, in one pass down and one up.

    Returns:
        A place for each label in the order given; None for all where they cannot all fit
        (a legend must name them then).
    """
    if (len(places) - 1) * LABEL_HEIGHT > high - low:
        return [None] * len(places)
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    moved = [places[index] for index in order]
    for rank in range(1, len(moved)):
        moved[rank] = max(moved[rank], moved[rank - 1] + LABEL_HEIGHT)
    limit = high
    for rank in reversed(range(len(moved))):
        moved[rank] = min(moved[rank], limit)
        limit = moved[rank] - LABEL_HEIGHT
    result: list[float | None] = [None] * len(places)
    for rank, index in enumerate(order):
        result[index] = round(moved[rank], 2)
    return result
