"""What a rule is: a function in a file of its own, with a decorator that says when it applies.

The file's path is the rule's ID (`rules/images/moving_tag.py` is `images.moving-tag`) and its module
docstring the only text about it.
"""

import dataclasses
import importlib
import inspect
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from validator.finding import Address, Related, Severity

__all__ = ["Fault", "Findings", "Related", "Rule", "Severity", "discover", "rule"]


class Fault(NamedTuple):
    """What a rule yields: a place, a message with the values seen, and perhaps related places.

    A plain tuple `(address, message)` does as well. `severity` lowers or raises this one finding.
    """

    at: Address
    message: str
    related: tuple[Related, ...] = ()
    severity: Severity | None = None


Findings = Iterator[tuple[Address, str] | Fault]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the engine runs it.

    `target` is the type of the function's first parameter, `injected` those of the others.
    `item` is the checklist item that its findings fail. `prod` rules are asked in that profile only.
    `neighbours` rules report that other objects are absent, which a lone file cannot show.
    """

    id: str
    severity: Severity
    run: Callable[..., Findings]
    target: type
    injected: tuple[tuple[str, type], ...]
    item: int | None
    prod: bool
    neighbours: bool
    enabled: bool
    when: Callable[[Any], bool] | None
    module: str

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    @property
    def text(self) -> str:
        """The module's docstring."""
        return inspect.cleandoc(importlib.import_module(self.module).__doc__ or "")

    @property
    def summary(self) -> str:
        """The docstring's first sentence."""
        return self.text.partition("\n\n")[0].replace("\n", " ").strip()

    @property
    def fix(self) -> str:
        """The docstring's `Fix:` paragraph."""
        for paragraph in self.text.split("\n\n"):
            if paragraph.startswith("Fix:"):
                return " ".join(paragraph.removeprefix("Fix:").split())
        return ""

    @property
    def options(self) -> type | None:
        """The rule's `Options` dataclass, when it has one."""
        for _, kind in self.injected:
            if dataclasses.is_dataclass(kind) and kind.__module__ == self.module:
                return kind
        return None


def rule(
    severity: Severity,
    *,
    item: int | None = None,
    prod: bool = False,
    neighbours: bool = False,
    enabled: bool = True,
    when: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[..., Findings]], Rule]:
    """Make a function a rule. Its first parameter's type is what it is run on."""

    def decorate(function: Callable[..., Findings]) -> Rule:
        parameters = [(name, kind) for name, kind in function.__annotations__.items() if name != "return"]
        family, name = function.__module__.split(".")[-2:]
        return Rule(
            id=f"{family}.{name}".replace("_", "-"),
            severity=severity,
            run=function,
            target=parameters[0][1],
            injected=tuple(parameters[1:]),
            item=item,
            prod=prod,
            neighbours=neighbours,
            enabled=enabled,
            when=when,
            module=function.__module__,
        )

    return decorate


def discover() -> tuple[Rule, ...]:
    """Every rule below `validator/rules`, sorted by ID. A file without its rule is a programming error."""
    found: list[Rule] = []
    root = FilePath(__file__).with_name("rules")
    for family in os.scandir(root):
        if not family.is_dir() or family.name.startswith(("_", ".")):
            continue
        for file in os.scandir(family.path):
            name, ending = os.path.splitext(file.name)
            if ending == ".py" and not name.startswith("_"):
                module = importlib.import_module(f"validator.rules.{family.name}.{name}")
                found.append(getattr(module, name))
    found.sort(key=lambda each: each.id)
    return tuple(found)
