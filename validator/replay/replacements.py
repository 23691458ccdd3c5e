"""Replacements: a value of one object copied into others (api/filters/replacement)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from validator.replay.objects import Replayed, selected
from validator.replay.sources import Files
from validator.replay.values import Part, Value, clip

_DEFAULT = "metadata.name"


def replace_all(files: Files, folder: Path, entry: Value, objects: list[Replayed]) -> None:
    """One entry of `replacements`: written out, or in a file of its own."""
    if (path := entry.get("path")) is not None:
        for value in files.values(folder / str(path.content)):
            for each in value.content if type(value.content) is list else [value]:
                _replace(each, objects)
    else:
        _replace(entry, objects)


def _replace(entry: Value, objects: list[Replayed]) -> None:
    value = _source(entry, objects)
    if value is None:
        return
    for target in entry.items("targets"):
        select = target.get("select")
        if select is None:
            continue
        rejected = {id(each) for reject in target.items("reject") for each in selected(objects, reject)}
        for each in selected(objects, select):
            if id(each) not in rejected:
                paths = [path.content for path in target.items("fieldPaths")] or [_DEFAULT]
                for path in paths:
                    _copy(value, each.value, str(path), target.get("options"))


def _source(entry: Value, objects: list[Replayed]) -> Value | None:
    if (written := entry.get("sourceValue")) is not None:
        return written
    source = entry.get("source")
    if source is None:
        return None
    found = [each for each in objects if _is_source(each, source)]
    if len(found) != 1:
        return None
    value = next(_at(found[0].value, split(source.string("fieldPath") or _DEFAULT)), None)
    delimiter = source.string("options", "delimiter")
    if value is None or not delimiter or type(value.content) is not str:
        return value
    index = source.scalar("options", "index") or 0
    pieces = _pieces(value, delimiter)
    return _whole(pieces[index]) if 0 <= index < len(pieces) else None


def _whole(value: Value) -> Value:
    """A value without parts if it has but one."""
    return Value(value.content, value.place) if len(value.parts) == 1 else value


def _is_source(each: Replayed, source: Value) -> bool:
    return any(
        all(
            source.string(field) in ("", getattr(known, field))
            for field in ("group", "version", "kind", "name")
        )
        and source.string("namespace") in ("", known.namespace, known.namespace or "default")
        for known in each.identities
    )


def split(path: str) -> list[str]:
    """`spec.containers.[name=a.b].image` at its dots; `\\.` and dots in brackets do not count."""
    parts, current, depth, position = [], "", 0, 0
    while position < len(path):
        letter = path[position]
        if letter == "\\" and path[position + 1 : position + 2] == ".":
            current += "."
            position += 1
        elif letter == "." and depth == 0:
            parts.append(current)
            current = ""
        else:
            depth += (letter == "[") - (letter == "]")
            current += letter
        position += 1
    parts.append(current)
    return [part.strip("\"'") for part in parts if part]


_ITEM = re.compile(r"\[([^=]*)=(.*)\]")


def _at(value: Value, path: list[str]) -> Iterator[Value]:
    """Every value at a path: `[key=word]` and `*` choose among a list's items."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if type(value.content) is list:
        match = _ITEM.fullmatch(step)
        for index, item in enumerate(value.content):
            if match:
                chosen = (
                    _word(item.scalar(match[1])) == match[2] if match[1] else _word(item.content) == match[2]
                )
            else:
                chosen = step == "*" or step == str(index)
            if chosen:
                yield from _at(item, rest)
    elif type(value.content) is dict:
        key = step.removeprefix("[").removesuffix("]") if step.startswith("[") and "=" not in step else step
        for name in value.content if step == "*" else [key]:
            if name in value.content:
                yield from _at(value.content[name], rest)


def _word(value: Any) -> str:
    return str(value).lower() if type(value) is bool else str(value)


def _copy(value: Value, target: Value, path: str, options: Value | None) -> None:
    steps = split(path)
    found = list(_at(target, steps))
    if not found and options is not None and options.scalar("create") is True:
        found = [_created(target, steps, value)]
    delimiter = options.string("delimiter") if options is not None else ""
    for each in found:
        if delimiter and type(each.content) is str:
            index = options.scalar("index") or 0 if options is not None else 0
            _put_piece(each, value, delimiter, index)
        elif type(each.content) in (dict, list) or type(value.content) in (dict, list):
            own = value.copy().over(Value(each.content, each.place, each.parts, each.overrides))
            each.content, each.place, each.parts, each.overrides = (
                own.content,
                own.place,
                own.parts,
                own.overrides,
            )
        else:
            text = _word(value.content) if type(each.content) is str else value.content
            each.set(text, value.place, value.parts)


def _created(target: Value, steps: list[str], value: Value) -> Value:
    for step in steps:
        if type(target.content) is not dict:
            break
        target = target.content.setdefault(step, Value({}, value.place))
    target.content = ""
    return target


def _pieces(value: Value, delimiter: str) -> list[Value]:
    found, position = [], 0
    for text in value.content.split(delimiter):
        parts = clip(value, position, position + len(text))
        found.append(Value(text, parts[0].place if parts else value.place, parts))
        position += len(text) + len(delimiter)
    return found


def _put_piece(target: Value, value: Value, delimiter: str, index: int) -> None:
    text = _word(value.content)
    pieces, own = (
        _pieces(target, delimiter),
        Value(text, value.place, value.parts or (Part(text, value.place),)),
    )
    if index < 0:
        pieces.insert(0, own)
    elif index >= len(pieces):
        pieces.append(own)
    else:
        pieces[index] = own
    parts = tuple(part for piece in pieces for part in piece.parts)
    target.set(delimiter.join(piece.content for piece in pieces), value.place, parts)
