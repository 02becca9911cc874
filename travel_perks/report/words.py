"""Numbers and lists as people read them; the same in every locale."""

import math
from collections.abc import Sequence

ABSENT = "\N{EN DASH}"


def count(number: int) -> str:
    """`1020926` -> `1,020,926`."""
    return f"{number:,}"


def customers(number: int) -> str:
    """`1` -> `1 customer`, `2000` -> `2,000 customers`."""
    return f"{count(number)} customer{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent, one decimal; never 0.0% or 100.0% for what is not."""
    if whole == 0:
        return ABSENT
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%"


def percent(value: float) -> str:
    """`0.314` -> `31%`."""
    return ABSENT if math.isnan(value) else f"{value:.0%}"


def measure(value: float) -> str:
    """A mean in few characters: `1,234`, `56`, `7.8`, `0.12`."""
    if math.isnan(value):
        return ABSENT
    size = abs(value)
    digits = 0 if size >= 20 else 1 if size >= 1 else 2
    return f"{value:,.{digits}f}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def distance(deviations: float) -> str:
    """`-0.74` -> `-0.7 sd`, with a true minus sign and no line break inside."""
    number = f"{deviations:+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{number}\N{NO-BREAK SPACE}sd"


def plain(identifier: str) -> str:
    """`required_empty` -> `required empty`."""
    return identifier.replace("_", " ")


def sentence_case(text: str) -> str:
    """The first letter in capitals, the rest as it is."""
    return text[:1].upper() + text[1:]


def shortened(content: str, most: int = 160) -> str:
    """`content`, cut to `most` characters."""
    return content if len(content) <= most else f"{content[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
