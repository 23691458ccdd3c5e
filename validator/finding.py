"""What the validator says: findings, the place each one is about, and the verdict on a target.

This module imports nothing else of the project, so that every layer can speak in its terms.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Literal

Path = tuple[str | int, ...]
"""Keys and list indices from an object's root to a field: `("spec", "containers", 0, "image")`."""


class Severity(IntEnum):
    """How much a finding matters; ordered, so that `--fail-on` can compare."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object of the render by its identity. `index` tells apart two objects with one identity."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    index: int = 0

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def show_path(path: Path) -> str:
    """`spec.containers[0].image`; keys with dots in brackets."""
    shown = ""
    for key in path:
        if isinstance(key, int):
            shown += f"[{key}]"
        elif "." in key or "/" in key:
            shown += f'["{key}"]'
        else:
            shown += f".{key}" if shown else key
    return shown


Certainty = Literal["exact", "origin", "none"]


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a file that a person can open. Lines and columns count from 1.

    `exact`: the value itself stands there. `origin`: the document that the object began as.
    `none`: no file is known.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    certainty: Certainty = "none"

    def __str__(self) -> str:
        if self.file is None:
            return ""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Address:
    """A field of an object; the empty path is the object itself, `object=None` the target as a whole.

    `container` names the container that the field belongs to, if any.
    `offset` is a character offset inside a scalar (PromQL, JSON), for findings about part of a text.
    `source` is the place itself, of what stands in no object but in a source file; `path` is then one there.
    """

    object: ObjectRef | None
    path: Path = ()
    container: str | None = None
    offset: int | None = None
    source: Source | None = None


NOWHERE = Source()


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains a finding, with a few words that say what is there."""

    label: str
    address: Address
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count. `expires` is an ISO date."""

    by: str
    reason: str
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What a report may show of a finding's sources: the line, and in short what it overrode there."""

    line: str
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect at one place. `fix` is the rule's advice, from its docstring."""

    rule: str
    severity: Severity
    message: str
    address: Address
    item: int | None = None
    related: tuple[Related, ...] = ()
    source: Source = NOWHERE
    overrides: tuple[Source, ...] = ()
    quote: Quote | None = None
    fix: str | None = None
    suppressed: Suppression | None = None


class RuleStatus(Enum):
    """What became of a rule in one target.

    `NA`: there were objects, but none that the rule applies to (or the profile does not ask it).
    `UNSEEN`: there was no object of its kind at all. `IGNORED`: switched off by the user.
    """

    PASSED = "passed"
    FAILED = "failed"
    NA = "na"
    UNSEEN = "unseen"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule's status, and how many places it looked at."""

    id: str
    status: RuleStatus
    targets: int
    item: int | None = None


class ItemStatus(Enum):
    PASS = "pass"
    FAIL = "fail"
    NA = "na"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a checklist verdict, with the object that shows it."""

    text: str
    object: ObjectRef | None = None
    source: Source = NOWHERE


TITLES = (
    "All secrets stored in external secrets manager",
    "TLS enabled on ingress",
    "Network policies applied",
    "HPA configured for API service",
    "PodDisruptionBudgets set",
    "Monitoring and alerting configured",
    "Backup jobs scheduled",
    "Resource limits set on all containers",
    "Health probes configured",
    "RBAC configured for service accounts",
)
"""The checklist's items in the deployment guide's words and order; item 1 is the first."""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A line of the production checklist: number, title, verdict, evidence."""

    item: int
    title: str
    status: ItemStatus
    evidence: tuple[Evidence, ...]


def number_of(number: int, noun: str) -> str:
    """`1 container`, `2 containers`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class Renderer:
    """The program that built an overlay; for plain YAML the name is `plain` and no version."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why a target could not be judged: what is wrong, what to do, and the raw words of a tool."""

    message: str
    hint: str | None = None
    source: Source = NOWHERE
    detail: str | None = None


class TargetError(Exception):
    """A target cannot be judged (exit 2). Carries an `Unjudged` for the reports."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        source: Source = NOWHERE,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.unjudged = Unjudged(message, hint, source, detail)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is said about one target. With `error` set, nothing else was judged."""

    target: str
    profile: str
    renderer: Renderer | None = None
    complete: bool = False
    error: Unjudged | None = None
    counts: dict[str, int] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rules: tuple[RuleOutcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()

    def worst(self) -> Severity | None:
        """The highest severity among the findings that count."""
        return max((f.severity for f in self.findings if f.suppressed is None), default=None)
