"""JSON patches (RFC 6902) on values with places."""

from validator.replay.values import Value


class PatchError(Exception):
    """An operation that cannot be done; Kustomize refuses it, too."""


def apply(target: Value, operations: Value) -> None:
    for operation in operations.items():
        _apply(target, operation)


def _apply(target: Value, operation: Value) -> None:
    path = _split(operation.string("path"))
    match operation.string("op"):
        case "add":
            _add(target, path, _value(operation))
        case "replace":
            _replace(target, path, _value(operation))
        case "remove":
            _remove(target, path)
        case "move":
            _add(target, path, _remove(target, _split(operation.string("from"))))
        case "copy":
            _add(target, path, _find(target, _split(operation.string("from"))).copy())
        case "test":
            pass
        case other:
            raise PatchError(f"operation {other}")


def _split(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise PatchError(f"path {pointer}")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _value(operation: Value) -> Value:
    found = operation.get("value")
    return found.copy() if found is not None else Value(None, operation.place)


def _find(target: Value, path: list[str]) -> Value:
    for part in path:
        found = target.get(_index(target, part))
        if found is None:
            raise PatchError(f"no {part}")
        target = found
    return target


def _index(holder: Value, part: str) -> str | int:
    if type(holder.content) is not list:
        return part
    try:
        index = int(part)
    except ValueError:
        raise PatchError(f"index {part}") from None
    return index if index >= 0 else len(holder.content) + index


def _holder(target: Value, path: list[str]) -> tuple[Value, str]:
    if not path:
        raise PatchError("the whole object")
    holder = _find(target, path[:-1])
    if type(holder.content) not in (dict, list):
        raise PatchError(f"{path[-1]} of a scalar")
    return holder, path[-1]


def _replace(target: Value, path: list[str], value: Value) -> None:
    """Kustomize's library also replaces a field that is absent; an item must be there."""
    holder, last = _holder(target, path)
    if type(holder.content) is dict:
        holder.content[last] = value.over(holder.content.get(last))
    else:
        index = _index(holder, last)
        holder.content[index] = value.over(_find(holder, [last]))


def _add(target: Value, path: list[str], value: Value) -> None:
    holder, last = _holder(target, path)
    if type(holder.content) is dict:
        holder.content[last] = value.over(holder.content.get(last))
    elif last == "-":
        holder.content.append(value)
    else:
        index = _index(holder, last)
        if not isinstance(index, int) or not 0 <= index <= len(holder.content):
            raise PatchError(f"index {last}")
        holder.content.insert(index, value)


def _remove(target: Value, path: list[str]) -> Value:
    holder, last = _holder(target, path)
    found = _find(holder, [last])
    del holder.content[_index(holder, last)]
    return found
