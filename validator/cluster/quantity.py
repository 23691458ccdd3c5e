"""Kubernetes quantities as exact numbers.

Grammar and suffixes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?$")
_FACTORS: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{suffix: Fraction(1000 ** (i + 1)) for i, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Fraction(1024 ** (i + 1)) for i, suffix in enumerate("KMGTPE")},
}


@lru_cache(maxsize=4096)
def _parse(text: str) -> Fraction | None:
    match = _QUANTITY.match(text)
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    value = Fraction(number)
    if exponent:
        value *= Fraction(10) ** int(exponent[1:])
    return value * _FACTORS[suffix] if suffix else value


def quantity(value: Any) -> Fraction | None:
    """The exact number a quantity stands for (cores, bytes, counts); None when it is not one."""
    if type(value) is str:
        return _parse(value)
    if type(value) is int:
        return Fraction(value)
    if type(value) is float:
        return _parse(repr(value))
    return None


def show_cpu(cores: Fraction) -> str:
    """Cores in the canonical form of the API: `500m`, `2`."""
    if cores.denominator == 1:
        return str(cores.numerator)
    return f"{_trim(cores * 1000)}m"


def show_bytes(amount: Fraction) -> str:
    """Bytes with the largest binary suffix that leaves at least 1: `512Mi`, `1.5Gi`.

    A smaller suffix where that is exact and short: `1025Mi` must not look like `1Gi`.
    """
    suffixes = ("Ti", "Gi", "Mi", "Ki")
    for suffix in suffixes:
        shown = amount / _FACTORS[suffix]
        if 1 <= shown < 10 * 1024 and (shown * 100).denominator == 1:
            return f"{_trim(shown)}{suffix}"
    for suffix in suffixes:
        if amount >= _FACTORS[suffix]:
            return f"{_trim(amount / _FACTORS[suffix])}{suffix}"
    return _trim(amount)


def show(resource: str, amount: Fraction) -> str:
    """An amount of a named resource: `requests.cpu` in cores, memory and storage in bytes, else a count."""
    name = resource.rpartition(".")[2]
    if name == "cpu":
        return show_cpu(amount)
    return show_bytes(amount) if name in ("memory", "storage", "ephemeral-storage") else _trim(amount)


def _trim(number: Fraction) -> str:
    return (
        str(number.numerator) if number.denominator == 1 else f"{float(number):.2f}".rstrip("0").rstrip(".")
    )
