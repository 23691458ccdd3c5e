"""What happens to a container when its pod is told to go."""

import re
from fractions import Fraction
from typing import Any, NamedTuple

from validator.cluster.workload import Container
from validator.finding import Path
from validator.manifest import dig, mapping, sequence

_DEFAULT_GRACE = 30
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)")
_STEP = re.compile(r"\s*;\s*|\s*&&\s*|\n\s*")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})


def pre_stop(container: Container) -> dict[str, Any]:
    return mapping(dig(container.value, "lifecycle", "preStop"))


def grace_period(container: Container) -> tuple[int, str]:
    """`terminationGracePeriodSeconds` of the pod, and how to say it."""
    value = container.workload.pod.get("terminationGracePeriodSeconds")
    if type(value) is int:
        return value, f"terminationGracePeriodSeconds {value}"
    return _DEFAULT_GRACE, f"terminationGracePeriodSeconds {_DEFAULT_GRACE} (unset)"


class Sleep(NamedTuple):
    """How long a preStop hook sleeps, and where it says so. `action`: by the kubelet, not a command."""

    seconds: Fraction
    path: Path
    action: bool

    def __str__(self) -> str:
        return f"{float(self.seconds):g} s"


def pre_stop_sleep(container: Container) -> Sleep | None:
    """The sleep of the preStop hook: its `sleep` action, or the plain `sleep N` steps of its command.

    A sleep in a loop or a condition is not counted, since how often it runs is not known.
    """
    hook = pre_stop(container)
    seconds = dig(hook, "sleep", "seconds")
    if type(seconds) is int:
        return Sleep(Fraction(seconds), ("lifecycle", "preStop", "sleep", "seconds"), True)
    words = [str(word) for word in sequence(dig(hook, "exec", "command"))]
    total = _slept(words)
    return Sleep(total, ("lifecycle", "preStop", "exec", "command"), False) if total else None


def _slept(words: list[str]) -> Fraction:
    program = words[0].rpartition("/")[2] if words else ""
    if program in _SHELLS:
        flag = next((i for i, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)), None)
        script = words[flag + 1] if flag is not None and flag + 1 < len(words) else ""
        return sum((_slept(step.split()) for step in _STEP.split(script.strip())), Fraction(0))
    durations = [_DURATION.fullmatch(word) for word in words[1:]]
    if program != "sleep" or not all(durations):
        return Fraction(0)
    return sum((Fraction(d[1]) * _SECONDS[d[2]] for d in durations if d), Fraction(0))
