"""Objects with one thing wrong in them: a sound object, changed at random at one place."""

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.cluster.cluster import Object

VALUES: tuple[Any, ...] = (
    *(
        "",
        "a",
        "A",
        "-a",
        "a-",
        "a_b",
        "a.b",
        "a..b",
        "a/b",
        "a/b/c",
        "/",
        "/a",
        "a b",
        "ä",
        "a" * 16,
        "a" * 64,
    ),
    *(
        "a" * 254,
        "1",
        "01",
        "-1",
        "1.5",
        "1e3",
        "100m",
        "512MB",
        "1Gi",
        "0.5",
        "50%",
        "101%",
        "%",
        "true",
        "null",
    ),
    *("http", "10.0.0.0/8", "10.0.0.1/8", "300.0.0.1", "10.0.0.1", "::1", "*", "*.example.com", "0 3 * * *"),
    *("Always", "None", "TCP", "ReadWriteOnce", "app.kubernetes.io/name", "${A}", "$(A)", "..", "a\nb"),
    *(0, 1, -1, 2, 100, 65536, 2**31, 2**40, 1.5, True, False, None, [], {}, [""], [None], [{}]),
    *({"a": "b"}, {"a": 1}, {"": ""}, {"a": None}),
)
"""What is put in place of a value: edges of the forms that the server knows, and wrong types."""
Place = tuple[Any, Any]
"""A container and the key or index of one of its values."""


def mutated(sound: Sequence[Object], count: int, seed: int) -> Iterator[tuple[str, Object]]:
    """What was done, and the object it was done to. The same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        value = copy.deepcopy(chance.choice(sound))
        yield _mutate(value, chance), value


def _mutate(value: Object, chance: random.Random) -> str:
    where, (holder, key) = chance.choice(list(_places(value)))
    kind = chance.choices(("replace", "remove", "add", "repeat", "rename"), (12, 3, 1, 2, 1))[0]
    if kind == "repeat" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif kind == "add" and isinstance(holder, dict):
        holder["unknownField"] = chance.choice(VALUES)
    elif kind == "rename" and isinstance(holder, dict):
        holder[chance.choice((key + "s", key.upper(), key[:-1] or "x"))] = holder.pop(key)
    elif kind == "remove":
        del holder[key]
    else:
        kind = "replace"
        holder[key] = copy.deepcopy(chance.choice(VALUES))
        where += f" = {holder[key]!r}"
    return f"{kind} {where}"


def _places(value: Any, path: str = "") -> Iterator[tuple[str, Place]]:
    """Every value below the root, but not what names the object's kind, nor its status."""
    entries: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in entries:
        if not path and key in ("apiVersion", "kind", "status"):
            continue
        where = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
        yield where, (value, key)
        yield from _places(child, where)
