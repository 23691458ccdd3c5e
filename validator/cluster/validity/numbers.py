"""Numbers, shares and quantities as the API server checks them."""

import re
from ipaddress import ip_address
from typing import Any

from validator.cluster.quantity import quantity
from validator.cluster.validity.words import Faults, port_name, shown
from validator.finding import Path
from validator.manifest import mapping

_PERCENT = re.compile(r"[0-9]+%")


def at_least(at: Path, holder: dict[str, Any], least: int, *fields: str) -> Faults:
    """Whole numbers with a lower bound; other types are the schema's business."""
    for field in fields:
        value = holder.get(field)
        if type(value) is int and value < least:
            yield (*at, field), f"`{field}` is {value}, less than {least}"


def between(at: Path, value: Any, least: int, most: int) -> Faults:
    if type(value) is int and not least <= value <= most:
        yield at, f"{value} is not from {least} to {most}"


def ip(at: Path, value: Any) -> Faults:
    if type(value) is str:
        try:
            ip_address(value)
        except ValueError:
            yield at, f"{shown(value)} is no IP address"


def port_or_name(at: Path, value: Any) -> Faults:
    if type(value) is not str:
        yield from between(at, value, 1, 65535)
    elif why := port_name(value) if value else "the port is empty":
        yield at, why + (": a number stands without quotes" if value.isdecimal() else "")


def share(at: Path, value: Any, *, most: bool = True) -> Faults:
    """A number or a percentage, which is 100 at most."""
    if type(value) is int and value < 0:
        yield at, f"{value} is less than 0"
    elif type(value) is str:
        if not _PERCENT.fullmatch(value):
            yield at, f'{shown(value)} is neither a number nor a percentage such as "25%"'
        elif most and int(value[:-1]) > 100:
            yield at, f"{value} is more than 100%"


def is_zero(value: Any) -> bool:
    """Whether a number or percentage that is written comes to nothing."""
    return (type(value) is int and value == 0) or (type(value) is str and value.strip("0") == "%")


def amount(at: Path, value: Any, *, negative: bool = False) -> Faults:
    """A quantity; its grammar is not in the schema."""
    if type(value) not in (str, int, float):
        return
    found = quantity(value.strip() if type(value) is str else value)
    if found is None:
        yield at, f"{shown(str(value))} is no quantity{_meant(str(value))}"
    elif found < 0 and not negative:
        yield at, f"{value} is less than 0"


def amounts(at: Path, value: Any, *, negative: bool = False) -> Faults:
    for key, each in mapping(value).items():
        yield from amount((*at, key), each, negative=negative)


def _meant(text: str) -> str:
    """`512MB` was meant as `512M`, `1gb` as `1G`."""
    match = re.fullmatch(r"([0-9.]+)\s*([kmgtpe])(i?)b?", text.strip(), re.IGNORECASE)
    if match is None:
        return ""
    letter = match[2].upper() if match[3] or match[2] not in "kK" else "k"
    return f"; did you mean `{match[1]}{letter}{'i' if match[3] else ''}`?"
