"""What the containers of a pod run, as far as manifests show it: commands, and scripts of ConfigMaps."""

import re
from functools import cached_property, lru_cache
from typing import Any

from validator.cluster.workload import Container, Workload
from validator.manifest import dig, mapping, sequence, string

_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_SAYING = frozenset(
    "echo printf log fail die warn info error sed grep awk pgrep pkill command which type".split()
)
"""First words of commands that only speak of a program."""
_ASSIGNMENT = re.compile(
    r"""(?m)(?:^|[;&\s])(?:export\s+|local\s+|readonly\s+)?(\w+)=("[^"\n]*"|'[^'\n]*'|[^\s;&|"']+)"""
)
_SUBSTITUTED = re.compile(r"""(\w=["']?[^\s"'$]*)\$\([^()\n]*\)""")
"""A variable set to what a command prints: nobody knows what."""
_DEFAULT = re.compile(r"\$\{(\w+):?[-=]([^{}]*)\}")
_VARIABLE = re.compile(r"\$\{(\w+)[^{}]*\}|\$\((\w+)\)|\$(\w+)")
_HOST = re.compile(
    r"(?:-h[ =]?|--host[ =]|\bhost=|\w*HOST\w*=|@|//|\bexec\s+(?:-\S+\s+)*)[\"']?"
    r"(?:(?:pod|pods|sts|statefulset)/)?([a-z0-9][a-z0-9.-]*)"
)
_HOST_AND_PORT = re.compile(r"(?<![\w./-])([a-z][a-z0-9.-]*):\d{2,5}\b")
_OTHER_NAMES = re.compile(r"(?:DATABASE|DB|DBNAME|USER|USERNAME|PASSWORD)$")
"""Variables whose value may be a service's name by chance."""
_ENTRIES = 200
"""Assignments that are followed in one script."""


class PodScript:
    """The texts that a workload's pods run."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._volumes = {
            str(mapping(volume).get("name")): mapping(volume)
            for volume in sequence(workload.pod.get("volumes"))
        }
        self._texts: dict[int, str] = {}

    def text(self, container: Container) -> str:
        """Command, arguments and the scripts that they name, without comments.

        A script that is mounted counts when its file name stands in what runs already.
        """
        found = self._texts.get(id(container))
        if found is None:
            found = _command(container)
            waiting = self._files(container)
            while named := [name for name in waiting if name in found]:
                for name in named:
                    found += "\n" + _COMMENT.sub("", waiting.pop(name))
            self._texts[id(container)] = found
        return found

    @staticmethod
    def runs(text: str, tool: str) -> bool:
        """Whether a text calls a program, rather than only speak of it or ask for its version."""
        for match in _program(tool).finditer(text):
            start = max(text.rfind(mark, 0, match.start()) for mark in ("\n", ";", "&", "|", "(", "`")) + 1
            words = text[start : match.start()].split()
            if not words or words[0] not in _SAYING:
                return True
        return False

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The host names that its containers name, each also as `name.namespace`."""
        found: set[str] = set()
        for container in self._workload.containers:
            variables = self.variables(container)
            text = self.text(container) + "\n" + "\n".join(f"{k}={v}" for k, v in variables.items())
            found.update(match[1] for match in (*_HOST.finditer(text), *_HOST_AND_PORT.finditer(text)))
            found.update(value for key, value in variables.items() if not _OTHER_NAMES.search(key))
        names: set[str] = set()
        for host in found:
            first, *rest = host.rstrip(".").split(".")
            names.add(f"{first}.{rest[0]}" if rest else first)
            statefulset, _, ordinal = first.rpartition("-")
            if ordinal.isdecimal():  # a pod: timescaledb-0, or timescaledb-0.<service>[.<namespace>]
                names.add(".".join(rest[:2]) if rest else statefulset)
        return frozenset(names)

    def variables(self, container: Container) -> dict[str, str]:
        """The environment as far as it is plain: `env`, and the ConfigMaps of `envFrom`."""
        cluster, namespace = self._workload.cluster, self._workload.namespace
        found: dict[str, str] = {}
        for entry in sequence(container.value.get("envFrom")):
            held = cluster.config_map(namespace, str(dig(entry, "configMapRef", "name")))
            found |= {str(k): str(v) for k, v in mapping(held and held.get("data")).items()}
        for _, entry in container.env():
            ref = mapping(dig(entry, "valueFrom", "configMapKeyRef"))
            held = cluster.config_map(namespace, str(ref.get("name"))) if ref else None
            value = held.get("data", str(ref.get("key"))) if held else entry.get("value")
            if value is not None:
                found[str(entry.get("name"))] = str(value)
        return found

    def expanded(self, container: Container) -> str:
        """The text with the variables filled in that the environment or the script itself sets.

        A variable that is set more than once stands for its longest value: the empty ones only begin or end.
        """
        text = _SUBSTITUTED.sub(r"\1…", self.text(container))
        known = self.variables(container)
        for number, match in enumerate(_ASSIGNMENT.finditer(text)):
            if number == _ENTRIES:
                break
            value = _fill(match[2].strip("\"'"), known)
            if len(value) > len(known.get(match[1], "")) and not _names(match[2], match[1]):
                known[match[1]] = value
        return _fill(text, known)

    def _files(self, container: Container) -> dict[str, str]:
        """The texts of the ConfigMaps that a container mounts, by file name."""
        found: dict[str, str] = {}
        for mount in sequence(container.value.get("volumeMounts")):
            volume = self._volumes.get(str(mapping(mount).get("name")), {})
            sources = [volume, *map(mapping, sequence(dig(volume, "projected", "sources")))]
            for source in sources:
                found |= self._config_map(mapping(source.get("configMap")), string(dig(mount, "subPath")))
        return found

    def _config_map(self, source: dict[str, Any], sub_path: str | None) -> dict[str, str]:
        name = string(source.get("name"))
        held = self._workload.cluster.config_map(self._workload.namespace, name) if name else None
        data = mapping(held.get("data")) if held else {}
        items = [mapping(item) for item in sequence(source.get("items"))]
        files = {str(i.get("path")): str(i.get("key")) for i in items} or {key: key for key in data}
        return {
            path.rpartition("/")[2]: str(data[key])
            for path, key in files.items()
            if key in data and sub_path in (None, path)
        }


def _command(container: Container) -> str:
    """Command and arguments, after the image's own name when no command replaces its entry point."""
    words = [str(word) for key in ("command", "args") for word in sequence(container.value.get(key))]
    if not sequence(container.value.get("command")) and container.image:
        words.insert(0, container.image.name.rpartition("/")[2])
    return _COMMENT.sub("", " ".join(words))


def _names(value: str, variable: str) -> bool:
    """Whether a value is made of the variable itself."""
    return any(variable in match.groups() for match in _VARIABLE.finditer(value))


def _fill(text: str, known: dict[str, str]) -> str:
    text = _DEFAULT.sub(lambda m: known.get(m[1]) or m[2], text)
    return _VARIABLE.sub(lambda m: known.get(m[1] or m[2] or m[3], m[0]), text)


@lru_cache(maxsize=256)
def _program(name: str) -> re.Pattern[str]:
    """The program as a word of its own, perhaps with a path; `--version` and `--help` are no use of it."""
    words = r"\s+".join(re.escape(word) for word in name.split())
    return re.compile(rf"(?<![^\s/\"'`(;|&=]){words}(?![\w.=/-])(?!\s+(?:--version|-V|--help)\b)")
