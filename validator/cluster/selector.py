"""Label selectors with Kubernetes' semantics.

All requirements must hold; an empty selector selects everything, a null one nothing; `NotIn` and
`DoesNotExist` hold for objects without the key
(https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from validator.manifest import mapping, sequence, spoken


@dataclass(frozen=True, slots=True)
class Requirement:
    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
        return False

    def __str__(self) -> str:
        values = ", ".join(sorted(self.values))
        match self.operator:
            case "In" | "NotIn":
                return f"{self.key} {'in' if self.operator == 'In' else 'not in'} ({values})"
            case "Exists":
                return self.key
        return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed selector: equality pairs, which an index can answer, and the other requirements.

    `null` marks the absent selector, which selects nothing.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    requirements: tuple[Requirement, ...] = ()
    null: bool = False

    @classmethod
    def parse(cls, value: Any) -> "Selector":
        """A LabelSelector (matchLabels, matchExpressions)."""
        if type(value) is not dict:
            return NOTHING
        requirements = []
        for item in sequence(value.get("matchExpressions")):
            item = mapping(item)
            values = frozenset(spoken(v) for v in sequence(item.get("values")))
            requirements.append(Requirement(str(item.get("key")), str(item.get("operator")), values))
        return cls(_pairs(value.get("matchLabels")), tuple(requirements))

    @classmethod
    def equality(cls, value: Any) -> "Selector":
        """A plain map of labels, as in a Service; an absent or empty one selects nothing there."""
        return cls(_pairs(value)) if type(value) is dict and value else NOTHING

    @property
    def everything(self) -> bool:
        return not (self.null or self.pairs or self.requirements)

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.null:
            return False
        for key, value in self.pairs:
            if labels.get(key) != value:
                return False
        return all(requirement.matches(labels) for requirement in self.requirements)

    def without(self, left_out: Callable[[str], bool]) -> "Selector":
        """The selector without what it demands of some keys."""
        return Selector(
            tuple(pair for pair in self.pairs if not left_out(pair[0])),
            tuple(r for r in self.requirements if not left_out(r.key)),
            self.null,
        )

    def __str__(self) -> str:
        if self.null:
            return "nothing"
        parts = [f"{key}={value}" for key, value in self.pairs] + [str(r) for r in self.requirements]
        return ", ".join(parts) or "everything"


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((k, spoken(v)) for k, v in mapping(value).items())


NOTHING = Selector(null=True)
EVERYTHING = Selector()
