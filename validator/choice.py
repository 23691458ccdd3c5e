"""Which object and field somebody means by `Deployment/api` and `spec.template.spec.containers[api]`."""

import re
from collections.abc import Sequence
from typing import Any

from validator.config import nearest
from validator.finding import Path, TargetError, show_path
from validator.manifest import Resource, dig

_STEP = re.compile(r"""\.?(?:\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]|([^.\[\]"']+))""")
_ITEM_KEYS = ("name", "mountPath", "devicePath", "containerPort", "port", "key", "ip", "topologyKey", "kind")
"""What items of lists are called by."""
_HASH = re.compile(r"-[a-z0-9]{10}$")
"""What Kustomize adds to the names that it generates; sources name the objects without it."""
_LISTED = 8


def choose_object(resources: Sequence[Resource], word: str) -> Resource:
    """The one object of this name. Raises TargetError when there is none, or more than one."""
    parts = word.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise TargetError(f"`{word}` is not Kind/name or Kind/namespace/name", hint=_like(resources))
    found = [each for each in resources if _is(each, parts, each.name)]
    found = found or [each for each in resources if _is(each, parts, _HASH.sub("", each.name))]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(_full_names(found))
        raise TargetError(f"`{word}` could be any of {len(found)} objects", hint=f"name one: {listed}")
    known = [str(each) for each in resources] if len(parts) == 2 else _full_names(resources)
    raise TargetError(f"no object `{word}`{nearest(word, known)}", hint=_others(resources, parts))


def _is(resource: Resource, parts: list[str], name: str) -> bool:
    kind, _, group = parts[0].partition(".")
    return (
        resource.kind.lower() == kind.lower()
        and (not group or group.lower() == resource.group.lower())
        and name == parts[-1]
        and (len(parts) == 2 or resource.namespace == parts[1])
    )


def _full_names(resources: Sequence[Resource]) -> list[str]:
    """Kind/namespace/name, with the kind's group where that is needed to tell them apart."""
    names = [f"{each.kind}/{each.namespace}/{each.name}" for each in resources]
    if len(set(names)) == len(names):
        return names
    return [
        f"{each.kind}{'.' if each.group else ''}{each.group}/{each.namespace}/{each.name}"
        for each in resources
    ]


def _others(resources: Sequence[Resource], parts: list[str]) -> str | None:
    """The objects of that kind, or the kinds that there are."""
    same = [each for each in resources if each.kind.lower() == parts[0].lower()]
    if same:
        names = _full_names(same) if len(parts) == 3 else [str(each) for each in same]
        return f"there {'is' if len(same) == 1 else 'are'} {_listed(names)}"
    return f"the kinds here are {_listed(sorted({each.kind for each in resources}))}"


def _like(resources: Sequence[Resource]) -> str | None:
    return f"for example {resources[0]}" if resources else None


def choose_field(resource: Resource, word: str) -> Path:
    """The path of a field of an object. Raises TargetError when it has none of this name."""
    path: Path = ()
    position = 0
    while position < len(word):
        match = _STEP.match(word, position)
        if match is None:
            raise TargetError(
                f"`{word}` is not a field's path at `{word[position:]}`",
                hint='write spec.containers[0].image, containers[api], or labels["app.kubernetes.io/name"]',
            )
        value = dig(resource.value, *path)
        step = _step(value, match)
        if step is None:
            raise _absent(resource, path, value, match, word[match.start() :])
        path, position = (*path, step), match.end()
    return path


def _step(value: Any, match: re.Match[str]) -> str | int | None:
    """One step into a value; None when it has nothing of that name."""
    name = _name(match)
    if type(value) is dict:
        return name if name in value else None
    if type(value) is list and match[4] is None:
        if match[3] is not None and name.isdecimal() and len(name) < 10 and int(name) < len(value):
            return int(name)
        return next((index for index, item in enumerate(value) if name in _called(item)), None)
    return None


def _name(match: re.Match[str]) -> str:
    return str(next(group for group in match.groups() if group is not None))


def _called(item: Any) -> list[str]:
    """What an item of a list may be called."""
    if type(item) is not dict:
        return [] if type(item) is list else [str(item)]
    return [str(item[key]) for key in _ITEM_KEYS if type(item.get(key)) in (str, int)]


def _absent(resource: Resource, path: Path, value: Any, match: re.Match[str], rest: str) -> TargetError:
    where = f"`{show_path(path)}` of {resource}" if path else str(resource)
    name = _name(match)
    if type(value) is dict:
        # `labels.app.kubernetes.io/name`: a key with dots, of which only the first word was taken.
        dotted = next((key for key in value if "." in key and rest.removeprefix(".").startswith(key)), None)
        guess = f'; did you mean `["{dotted}"]`?' if dotted else nearest(name, value)
        return TargetError(f"{where} has no field `{name}`{guess}", hint=f"it has {_listed(list(value))}")
    if type(value) is list:
        known = [called[0] if (called := _called(item)) else str(n) for n, item in enumerate(value)]
        hint = f"it has {_listed([f'[{each}]' for each in known])}"
        if match[4] is not None:
            return TargetError(f"{where} is a list: `{name}` must be in brackets", hint=hint)
        return TargetError(f"{where} has no item `{name}`{nearest(name, known)}", hint=hint)
    return TargetError(f"{where} has no fields below it, so no `{name}`")


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return (", ".join(words[:_LISTED]) or "nothing") + more
