"""`qt-validate.toml`: what a project declares about its overlays and workloads.

Keys are strict: an unknown one is an error with the nearest name. Options of a rule stand under
`[rules."family.name"]` and are checked against the `Options` dataclass in the rule's own file.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from validator.finding import Source, TargetError

FILE = "qt-validate.toml"
PROFILES = ("dev", "prod")
OLDEST, NEWEST = 25, 37
"""The minor versions of Kubernetes 1 whose API descriptions are known."""


@dataclass(frozen=True, slots=True)
class ExternalPods:
    """Pods that others run: ingress controller, DNS, an existing Prometheus. No labels: any labels."""

    namespace: str
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ExternalSecrets:
    """A Secret that others create in the cluster. No keys: any key."""

    name: str
    namespace: str | None = None
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class KubeVersions:
    """The minor versions of Kubernetes 1 that the objects are meant for, both ends included."""

    oldest: int = NEWEST
    newest: int = NEWEST

    @classmethod
    def read(cls, text: str) -> "KubeVersions | None":
        """`1.28..1.37`, or one version; None when it is neither."""
        ends = [re.fullmatch(r"v?1\.([0-9]{1,3})(\.[0-9]+)?", end.strip()) for end in text.split("..")]
        minors = [int(end[1]) for end in ends if end is not None]
        if len(minors) != len(ends) or len(ends) > 2:
            return None
        found = cls(minors[0], minors[-1])
        return found if OLDEST <= found.oldest <= found.newest <= NEWEST else None

    def __str__(self) -> str:
        return f"1.{self.oldest}" if self.oldest == self.newest else f"1.{self.oldest}..1.{self.newest}"


RANGE = f"a version or a range such as 1.28..1.{NEWEST}, from 1.{OLDEST} to 1.{NEWEST}"


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration, defaults included. Paths are relative to `folder`."""

    folder: Path = Path()
    file: Path | None = None
    root: str = "deploy/k8s"
    overlays: tuple[str, ...] = ("overlays/*",)
    profiles: Mapping[str, str] = field(default_factory=_empty)
    topology: str | None = None
    renderer: str | None = None
    kube_version: KubeVersions = KubeVersions()
    singletons: frozenset[str] = frozenset()
    autoscaled: frozenset[str] = frozenset()
    external_pods: tuple[ExternalPods, ...] = ()
    external_secrets: tuple[ExternalSecrets, ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=_empty)

    def profile_of(self, target: Path) -> str:
        """The profile of an overlay by the first matching glob; `prod` when none matches."""
        from fnmatch import fnmatch

        try:
            shown = target.resolve().relative_to(self.folder.resolve()).as_posix()
        except ValueError:
            shown = target.resolve().as_posix()
        for glob, profile in self.profiles.items():
            if fnmatch(shown, glob) or fnmatch(shown, f"{self.root}/{glob}"):
                return profile
        return "prod"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` when something known is close, else nothing."""
    return _nearest(word, tuple(known))


@lru_cache(maxsize=1024)  # one misspelled field may stand in thousands of objects
def _nearest(word: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def find(start: Path) -> Path | None:
    """The nearest `qt-validate.toml` at or above a folder."""
    for folder in (start, *start.parents):
        candidate = folder / FILE
        if candidate.is_file():
            return candidate
    return None


def load(file: Path) -> Settings:
    """Read a configuration file. Raises TargetError naming file, key and what would be right."""
    import tomllib

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TargetError(f"broken TOML: {error}", source=_at(file)) from None
    except UnicodeDecodeError:
        raise TargetError("not UTF-8", source=_at(file)) from None
    except OSError as error:
        raise TargetError(f"cannot read it: {error.strerror}", source=_at(file)) from None
    return from_table(data, file)


def from_table(data: Mapping[str, Any], file: Path) -> Settings:
    """Settings from parsed TOML; `file` is where messages say it stands."""
    known = {f.name.replace("_", "-"): f.name for f in fields(Settings)}
    del known["folder"], known["file"]
    values: dict[str, Any] = {"folder": file.parent, "file": file}
    for key, value in data.items():
        if key not in known:
            raise TargetError(f"unknown key `{key}`{nearest(key, known)}", source=_at(file))
        values[known[key]] = _convert(file, key, value)
    return Settings(**values)


def _convert(file: Path, key: str, value: Any) -> Any:
    match key:
        case "root" | "topology" | "renderer":
            return _expect(file, key, value, str, "a string")
        case "kube-version":
            versions = KubeVersions.read(_expect(file, key, value, str, f"a string: {RANGE}"))
            if versions is None:
                raise TargetError(f"`kube-version` is {value!r}, not {RANGE}", source=_at(file))
            return versions
        case "overlays":
            return tuple(_strings(file, key, value))
        case "singletons" | "autoscaled":
            return frozenset(_strings(file, key, value))
        case "profiles":
            profiles = _expect(file, key, value, dict, "a table of glob = profile")
            for glob, profile in profiles.items():
                if profile not in PROFILES:
                    raise TargetError(
                        f"`profiles`: {glob!r} is {profile!r}, which is neither dev nor prod",
                        source=_at(file),
                    )
            return MappingProxyType(profiles)
        case "rules":
            rules = _expect(file, key, value, dict, "a table of rules")
            for rule, options in rules.items():
                _expect(file, f'rules."{rule}"', options, dict, "a table of options")
            return MappingProxyType(rules)
        case "external-pods":
            return tuple(_external(file, key, entry, ExternalPods) for entry in _tables(file, key, value))
        case _:
            return tuple(_external(file, key, entry, ExternalSecrets) for entry in _tables(file, key, value))


def _external(file: Path, key: str, entry: dict[str, Any], kind: Any) -> Any:
    known = [f.name for f in fields(kind)]
    values: dict[str, Any] = {}
    for name, value in entry.items():
        if name not in known:
            raise TargetError(f"`{key}`: unknown key `{name}`{nearest(name, known)}", source=_at(file))
        if name == "keys":
            values[name] = tuple(_strings(file, f"{key}.keys", value))
        elif name == "labels":
            labels = _expect(file, f"{key}.labels", value, dict, "a table of strings")
            values[name] = MappingProxyType({k: str(v) for k, v in labels.items()})
        else:
            values[name] = _expect(file, f"{key}.{name}", value, str, "a string")
    required = known[0]
    if required not in values:
        raise TargetError(f"`{key}`: an entry has no `{required}`", source=_at(file))
    return kind(**values)


def _tables(file: Path, key: str, value: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = _expect(file, key, value, list, f"a list: [[{key}]]")
    for entry in entries:
        _expect(file, key, entry, dict, f"a list of tables: [[{key}]]")
    return entries


def _strings(file: Path, key: str, value: Any) -> list[str]:
    values: list[str] = _expect(file, key, value, list, "a list of strings")
    for item in values:
        _expect(file, key, item, str, "a list of strings")
    return values


def _expect(file: Path, key: str, value: Any, kind: type, spoken: str) -> Any:
    if not isinstance(value, kind):
        raise TargetError(f"`{key}` must be {spoken}", source=_at(file))
    return value


def _at(file: Path) -> Source:
    return Source(str(file), certainty="origin")
