"""Numbers and names as a reader wants them: sensible digits, units, and a dash for nothing."""

import math
import re
import unicodedata

from heatproof.statistics.known import known

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"
_MANY = 5000  # from so many images on, a hundredth of a percent is more than half an image


def percent(share: float | None, images: int | None = None) -> str:
    """A share as a percentage, in as many digits as `images` can carry."""
    if not known(share):
        return NOTHING
    decimals = 2 if images is not None and images >= _MANY else 1
    return f"{100 * share:.{decimals}f} %"


def interval(low: float | None, high: float | None, images: int | None = None) -> str:
    """A 95 % interval of a share, such as `98.7 to 99.1 %`."""
    if not (known(low) and known(high)):
        return NOTHING
    return f"{percent(low, images).removesuffix(' %')} to {percent(high, images)}"


def decimal(value: float | None, decimals: int = 3) -> str:
    """A plain number with a typographic minus."""
    if not known(value):
        return NOTHING
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def count(value: float | None) -> str:
    """A whole number with a comma at the thousands."""
    return f"{round(value):,}" if known(value) else NOTHING


def amount(value: float | None) -> str:
    """A large whole number in three digits and a unit: `11.2 M`, `850 k`."""
    if not known(value):
        return NOTHING
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{significant(value / size)} {unit}"
    return f"{value:.0f}"


def significant(value: float | None, digits: int = 3) -> str:
    """A number in so many significant digits, never in powers of ten for ordinary sizes."""
    if not known(value):
        return NOTHING
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - magnitude)
    magnitude = math.floor(math.log10(abs(rounded)))
    if magnitude < -5:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa}e{int(power)}".replace("-", MINUS)
    return f"{rounded:.{max(0, digits - 1 - magnitude)}f}".replace("-", MINUS)


def duration(seconds: float | None) -> str:
    """A duration in the units a person would say it in: `42.1 s`, `8 min 12 s`, `2 h 05 min`."""
    if not known(seconds):
        return NOTHING
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def rough_duration(seconds: float) -> str:
    """Return a duration as an estimate is told: no more digits than it is good for."""
    if seconds < 15:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min"
    hours, minutes = divmod(round(minutes, -1), 60)
    return f"about {hours} h {minutes:02d} min"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A counted thing: `1 epoch`, `20 epochs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(name: object) -> str:
    """A name from the data with its control characters made visible, on one line."""
    marked = "".join("\N{REPLACEMENT CHARACTER}" if _invisible(c) else c for c in str(name))
    return re.sub(r"\s+", " ", marked).strip() or "(no name)"


def short(name: object, length: int = 22) -> str:
    """A name cut to a length that fits a table's head."""
    text = printable(name)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def listing(parts: list[str]) -> str:
    """Words joined as in a sentence: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace()
