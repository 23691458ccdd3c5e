"""Strategic merge patches as Kustomize applies them (kyaml's merge2, with items of lists prepended).

Which lists are merged, and by which keys, is told by Kubernetes 1.21.2's description, which is built into
Kustomize (schemas/merge_keys.json); all other lists, those of operators' kinds among them, are replaced.
"""

import json
from functools import cache
from itertools import product
from pathlib import Path as FilePath
from typing import Any

from validator.replay.values import Value

_DIRECTIVE = "$patch"
_Field = dict[str, Any]
"""What is known of a value: `of` (its definition, or that of its items), `list`, `merge`, `keys`."""
_Keys = tuple[str, ...]


@cache
def _known() -> dict[str, Any]:
    file = FilePath(__file__).parents[1] / "schemas" / "merge_keys.json"
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


@cache
def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether Kustomize gives objects of a kind no namespace."""
    return f"{api_version} {kind}" in _known()["clusterScoped"]


def merge(target: Value, patch: Value) -> Value | None:
    """The target with a patch of its own; None when the patch deletes it. The target is changed."""
    known = _known()["kinds"].get(f"{target.string('apiVersion')} {target.string('kind')}")
    return _merge(target, patch, {"of": known} if known else {})


def _merge(old: Value | None, new: Value | None, field: _Field) -> Value | None:
    if new is None:
        return old
    if new.content is None:
        return None
    if type(new.content) is dict:
        return _merge_fields(old, new, field)
    if type(new.content) is list:
        if not field.get("merge"):
            return new.over(old)
        return _merge_items(old, new, field)
    if old is not None and type(old.content) not in (dict, list):
        return old.become(new)
    return new.over(old)


def _merge_fields(old: Value | None, new: Value, field: _Field) -> Value | None:
    directive = new.fields().pop(_DIRECTIVE, None)
    if directive is not None and directive.content == "delete":
        return None
    if old is None or type(old.content) is not dict or (directive and directive.content == "replace"):
        result, added = new.over(old), dict(new.content)
        result.content = {}
        old_fields: dict[str, Value] = {}
    else:
        result, added, old_fields = old, new.content, old.content
    fields = {} if field.get("list") else _known()["definitions"].get(field.get("of"), {})
    for key, child in added.items():
        merged = _merge(old_fields.get(key), child, fields.get(key, {}))
        if merged is None:
            result.content.pop(key, None)
        else:
            result.content[key] = merged
    return result


def _merge_items(old: Value | None, new: Value, field: _Field) -> Value | None:
    items = [item for item in new.items() if not _is_directive(item)]
    directives = {item.fields()[_DIRECTIVE].content for item in new.items() if _is_directive(item)}
    if "delete" in directives:
        return None
    if old is None or type(old.content) is not list or "replace" in directives:
        result = new.over(old)
        rest: list[Value] = []
    else:
        result, rest = old, list(old.content)
    keys: _Keys = tuple(field.get("keys", ()))
    element = {"of": field.get("of")}
    result.content = (_by_keys if len(keys) > 1 else _by_key)(rest, items, keys, element)
    return result


def _by_key(rest: list[Value], items: list[Value], keys: _Keys, element: _Field) -> list[Value]:
    """The patch's items come first, merged with those of the list that have the same key."""
    merged: list[Value] = []
    for item in items:
        match = next((each for each in rest if _same(each, item, keys)), None)
        if match is not None:
            rest.remove(match)
        made = _merge(match, item, element)
        if made is not None and made.content != {}:
            merged.append(made)
    return merged + rest


def _by_keys(rest: list[Value], items: list[Value], keys: _Keys, element: _Field) -> list[Value]:
    """Items with several keys, some of which may be absent: kyaml's setAssociativeSequenceElements.

    An item of the patch that has a key which its counterpart lacks is lost, and the list keeps its order.
    """
    wanted = _filled(list(dict.fromkeys(_words(each, keys) for each in (*items, *rest))))
    valid = [index for index in range(len(keys)) if any(words[index] for words in wanted)]
    valid = valid or list(range(len(keys)))
    merged: list[Value] = []
    for words in dict.fromkeys(wanted):
        pairs = [(keys[index], words[index]) for index in valid]
        given = [(key, word) for key, word in pairs if word]
        mine, new = (next((e for e in side if _fits(e, given)), None) for side in (rest, items))
        made = _merge(mine, new, element)
        if made is None or made.content == {}:
            rest = [each for each in rest if not _fits(each, pairs)]
        else:
            merged = _put(merged, made, pairs)
    names = [keys[index] for index in valid]
    for each in rest:
        pairs = [(name, _word(each, name)) for name in names if each.scalar(name) is not None]
        if len(names) > 1:
            merged = [held for held in merged if not _fits(held, pairs)]
        merged = _put(merged, each, pairs)
    return merged


def _word(item: Value, key: str) -> str:
    found = item.scalar(key)
    return "" if found is None else str(found)


def _words(item: Value, keys: _Keys) -> _Keys:
    return tuple(_word(item, key) for key in keys)


def _filled(wanted: list[_Keys]) -> list[_Keys]:
    """The keys of items that differ only where one has none are taken for those of one item."""
    for i, j in product(range(len(wanted)), repeat=2):
        one, other = wanted[i], wanted[j]
        alike = any(a == b for a, b in zip(one, other, strict=True))
        if alike and all(a == b or not a or not b for a, b in zip(one, other, strict=True)):
            wanted[i] = wanted[j] = tuple(a or b for a, b in zip(one, other, strict=True))
    return wanted


def _fits(item: Value, pairs: list[tuple[str, str]]) -> bool:
    """Whether an item has these words; an empty one stands for any."""
    return all(item.scalar(key) is not None and word in ("", _word(item, key)) for key, word in pairs)


def _put(items: list[Value], item: Value, pairs: list[tuple[str, str]]) -> list[Value]:
    """The items with one in place of those that it fits, or at the end."""
    found = any(_fits(each, pairs) for each in items)
    return [item if _fits(each, pairs) else each for each in items] + ([] if found else [item])


def _is_directive(item: Value) -> bool:
    return list(item.fields()) == [_DIRECTIVE]


def _same(one: Value, other: Value, keys: _Keys) -> bool:
    """Whether two items are one: by a key that both have, and no other key that differs."""
    if not keys:
        return bool(one.content == other.content)
    pairs = [(one.scalar(key), other.scalar(key)) for key in keys]
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return False
    return any(a is not None and a == b for a, b in pairs)
