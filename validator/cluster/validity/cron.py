"""Schedules of CronJobs, as github.com/robfig/cron/v3 parses them (ParseStandard), and time zones."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from validator.cluster.validity.words import shown

_MONTHS = {name: i + 1 for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_DAYS = {name: i for i, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_DURATION = re.compile(r"[+-]?(0|([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h))+")
_ZONE = re.compile(r"[A-Za-z0-9._+-]+")


def schedule(text: str) -> str | None:
    """Why the server refuses a schedule, or None."""
    if "TZ" in text:
        return f"{shown(text)} holds a time zone; write it into `timeZone`"
    if text.startswith("@"):
        every = text.removeprefix("@every ")
        if text in _MACROS or (every != text and _DURATION.fullmatch(every)):
            return None
        return f"{shown(text)} is none of {', '.join(sorted(_MACROS))}, @every DURATION"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"{shown(text)} has {len(fields)} fields, not 5: minute, hour, day, month, day of week"
    for field, (title, least, most, names) in zip(fields, _FIELDS, strict=True):
        for part in filter(None, field.split(",")):
            if why := _part(part, least, most, names):
                return f"{shown(text)}: {title} `{part}` {why}"
    return None


def _part(part: str, least: int, most: int, names: dict[str, int]) -> str | None:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if slash and not re.fullmatch(r"\+?[0-9]+", step):
        return "has no whole number after `/`"
    if slash and int(step) == 0:
        return "has a step of 0"
    if first in ("*", "?"):
        return None if not dash else None if last else "is no range"
    begin = _number(first, names)
    end = _number(last, names) if dash else most if slash else begin
    if begin is None or end is None:
        return "is not understood"
    if begin < least or end > most:
        seven = "; Sunday is 0" if names is _DAYS and 7 in (begin, end) else ""
        return f"is not from {least} to {most}{seven}"
    return "ends before it begins" if begin > end else None


def _number(text: str, names: dict[str, int]) -> int | None:
    if text.lower() in names:
        return names[text.lower()]
    return int(text) if re.fullmatch(r"\+?[0-9]+", text) else None


@lru_cache(maxsize=256)
def time_zone(name: str) -> str | None:
    """Why the server refuses a time zone, or None, also where this machine has no zones to compare with."""
    if not name:
        return "the time zone is empty"
    if name.lower() == "local":
        return "`Local` is no time zone of the IANA database"
    if any(not _ZONE.fullmatch(p) or p in (".", "..") or p.startswith("-") for p in name.split("/")):
        return f"{shown(name)} is no time zone"
    try:
        ZoneInfo("Etc/UTC")
    except (ZoneInfoNotFoundError, OSError):
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{shown(name)} is no time zone of the IANA database, such as Europe/Zurich"
    return None
