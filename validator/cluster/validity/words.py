"""Names, keys and other words as the API server checks them.

k8s.io/apimachinery pkg/util/validation and pkg/api/validate/content. Each function says what is wrong with a
word, or None.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from validator.finding import Path
from validator.manifest import mapping, sequence

Fault = tuple[Path, str]
Faults = Iterator[Fault]
Check = Callable[[str], str | None]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PORT = re.compile(r"[-a-z0-9]+")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_PRINTABLE = re.compile(r"[ -<>-~]+")


def shown(word: str) -> str:
    return f"`{word}`" if len(word) <= 70 else f"`{word[:60]}…`"


def too_long(word: str, most: int) -> str | None:
    if len(word) > most:
        return f"{shown(word)} has {len(word)} characters, more than {most}"
    return None


def dns_label(word: str) -> str | None:
    if _LABEL.fullmatch(word):
        return too_long(word, 63)
    return f"{shown(word)} is no DNS label: lower case letters, digits and inner `-` only"


def dns_label_1035(word: str) -> str | None:
    if _LABEL_1035.fullmatch(word):
        return too_long(word, 63)
    return (
        f"{shown(word)} is no DNS label that starts with a letter: lower case letters, digits and inner `-`"
    )


def dns_subdomain(word: str) -> str | None:
    if _SUBDOMAIN.fullmatch(word):
        return too_long(word, 253)
    return f"{shown(word)} is no DNS name: lower case letters, digits, inner `-` and `.` only"


def path_segment(word: str) -> str | None:
    if word in (".", "..") or "/" in word or "%" in word:
        return f"{shown(word)} cannot stand in a URL: no `/`, no `%`"
    return None


def wildcard(word: str) -> str | None:
    """A host that may begin with `*.`."""
    if word.startswith("*."):
        return dns_subdomain(word[2:]) and f"{shown(word)}: only a whole first label may be `*`"
    if "*" in word:
        return f"{shown(word)}: only a whole first label may be `*`, as in `*.example.com`"
    return dns_subdomain(word)


@lru_cache(maxsize=4096)
def qualified(word: str) -> str | None:
    """A key of a label: a name, perhaps with a domain before it."""
    prefix, slash, name = word.rpartition("/")
    if slash and (not prefix or dns_subdomain(prefix)):
        return f"the key {shown(word)} has no DNS name before `/`"
    if not _QUALIFIED.fullmatch(name):
        return f"the key {shown(word)} has other than letters, digits and inner `-`, `_`, `.`"
    long = too_long(name, 63)
    return f"the key {long}" if long else None


def label_value(word: str) -> str | None:
    if word and not _QUALIFIED.fullmatch(word):
        return f"the label value {shown(word)} has other than letters, digits and inner `-`, `_`, `.`"
    long = too_long(word, 63)
    return f"the label value {long}" if long else None


def port_name(word: str) -> str | None:
    if len(word) > 15:
        return f"the port name {too_long(word, 15)}"
    if not _PORT.fullmatch(word) or "--" in word or word[0] == "-" or word[-1] == "-":
        return f"the port name {shown(word)} has other than lower case letters, digits and single inner `-`"
    if not re.search("[a-z]", word):
        return f"the port name {shown(word)} has no letter"
    return None


def config_key(word: str) -> str | None:
    if not _CONFIG_KEY.fullmatch(word) or word in (".", "..") or word.startswith(".."):
        return f"the key {shown(word)} has other than letters, digits, `-`, `_` and `.`"
    long = too_long(word, 253)
    return f"the key {long}" if long else None


def variable(word: str, *, relaxed: bool) -> str | None:
    """The name of an environment variable; any printable one but `=` is allowed since Kubernetes 1.32."""
    if relaxed:
        fits = _PRINTABLE.fullmatch(word) is not None
        return (
            None if fits else f"the variable's name {shown(word)} has other than printable ASCII without `=`"
        )
    if _VARIABLE.fullmatch(word) and word not in (".", "..") and not word.startswith(".."):
        return None
    return f"the variable's name {shown(word)} has other than letters, digits, `-`, `_` and `.`"


def labels(at: Path, value: Any) -> Faults:
    """A map of labels, as in metadata and plain selectors."""
    for key, word in mapping(value).items():
        why = qualified(key) or (label_value(word) if type(word) is str else None)
        if why:
            yield (*at, key), why


def selector(at: Path, value: Any) -> Faults:
    """A LabelSelector."""
    if type(value) is not dict:
        return
    yield from labels((*at, "matchLabels"), value.get("matchLabels"))
    for index, entry in enumerate(map(mapping, sequence(value.get("matchExpressions")))):
        here, operator, values = (*at, "matchExpressions", index), entry.get("operator"), entry.get("values")
        if type(key := entry.get("key")) is str and (why := qualified(key)):
            yield (*here, "key"), why
        if operator in ("In", "NotIn") and not values:
            yield here, f"`{operator}` needs values"
        elif operator in ("Exists", "DoesNotExist") and values:
            yield (*here, "values"), f"`{operator}` takes no values"
        elif operator in ("In", "NotIn"):
            for position, text in enumerate(sequence(values)):
                if type(text) is str and (why := label_value(text)):
                    yield (*here, "values", position), why
        elif type(operator) is str and operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield (*here, "operator"), f"{shown(operator)} is none of In, NotIn, Exists, DoesNotExist"


def choice(at: Path, value: Any, *options: str) -> Faults:
    """A string that is one of several; an empty one stands for the default."""
    if type(value) is str and value and value not in options:
        yield at, f"{shown(value)} is none of {', '.join(options)}"


def needed(at: Path, value: Any, check: Check) -> Faults:
    """A string that must be there and fit."""
    if not value:
        yield at, f"`{at[-1]}` is missing"
    else:
        yield from word(at, value, check)


def word(at: Path, value: Any, check: Check) -> Faults:
    """A string that must fit; an empty one, where the field is there at all, does not."""
    if type(value) is str and (why := check(value) if value else "is empty"):
        yield at, why
