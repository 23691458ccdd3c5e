"""`qt-validate affected FILE…`: which overlays the files reach, without building any."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from validator.cli import common
from validator.config import Settings
from validator.finding import TargetError, Unjudged
from validator.references import Reach, References, file_names
from validator.target import Target, discover, show

_NAMED = 3


@click.command(context_settings=common.HELP)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--since", metavar="REV", help="Also the files that differ from this revision of git.")
@click.option(
    "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True
)
@click.option("--config", metavar="FILE", help=common.CONFIG_HELP)
def affected(files: tuple[str, ...], since: str | None, form: str, config: str | None) -> None:
    """Print the overlays that files reach, one a line; nothing when there is none.

    FILE may be a resource, patch, component, generator's or Helm's file, a kustomization, or a file that
    is gone but still referred to. qt-validate.toml and the topology reach every overlay. Nothing is built.

    With --since, files that are new, renamed, deleted or not yet known to git count, too.

    Exit code: 0, also when no overlay is reached; 2 for an unknown revision or a broken configuration.
    """
    try:
        changed = _changed(files, since)
        settings = common.settings(config, files)
        reached = dict(_reached(changed, settings))
    except TargetError as error:
        common.complain(error.unjudged)
        sys.exit(2)
    _mention_gone({shown for shown in changed if not os.path.lexists(shown)}.difference(*reached.values()))
    text = _as_json(reached) if form == "json" else "".join(f"{target}\n" for target in reached)
    sys.exit(0 if common.write(text) else 2)


def _as_json(reached: dict[str, list[str]]) -> str:
    overlays = [{"target": target, "files": files} for target, files in reached.items()]
    return json.dumps({"version": 1, "overlays": overlays}, indent=2, ensure_ascii=False) + "\n"


def _changed(files: tuple[str, ...], since: str | None) -> dict[str, set[str]]:
    """The files as they are shown, each with the names that a reference may have for it."""
    if not files and since is None:
        raise TargetError("nothing to look for", hint="name files, or `--since REV`")
    named = [*files, *(_since(since) if since is not None else ())]
    return {show(Path(file)): file_names(file) for file in named if file}


def _reached(changed: dict[str, set[str]], settings: Settings) -> Iterator[tuple[str, list[str]]]:
    """Each overlay that is reached, with the files that reach it."""
    references, everywhere = References(), _everywhere(settings)
    for target in discover(settings):
        reach = references.reach(target.path)
        if reach.problem is not None:
            _mention_unreadable(target, reach)
        files = [
            shown
            for shown, names in changed.items()
            if reach.holds(names) or not everywhere.isdisjoint(names)
        ]
        if files:
            yield target.shown, files


def _everywhere(settings: Settings) -> set[str]:
    """The files that every overlay is judged by."""
    found = set() if settings.file is None else file_names(str(settings.file))
    if settings.topology is not None:
        found |= file_names(str(settings.folder / settings.topology))
    return found


def _since(revision: str) -> Iterator[str]:
    """The files that differ from a revision, the untracked ones included; a renamed one by both names."""
    if revision.startswith("-") or not revision.strip():
        raise TargetError(f"--since {revision}: not a revision")
    top = _git("rev-parse", "--show-toplevel").removesuffix("\n")
    differing = _git("-C", top, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", revision, "--")
    untracked = _git("-C", top, "ls-files", "--others", "--exclude-standard", "-z")
    for name in (differing + untracked).split("\0"):
        if name:
            yield os.path.join(top, name)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError as error:
        raise TargetError(f"--since needs git: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise TargetError(f"--since: git says: {said[0] if said else done.returncode}")
    return os.fsdecode(done.stdout)


def _mention_gone(gone: set[str]) -> None:
    """Files that are not there and that nothing refers to: deleted for good, or misspelt."""
    if gone:
        named = ", ".join(sorted(gone)[:_NAMED])
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        common.complain(Unjudged(f"not there, and no overlay refers to it: {named}{more}"))


def _mention_unreadable(target: Target, reach: Reach) -> None:
    assert reach.problem is not None
    unjudged = reach.problem.unjudged
    message = f"{unjudged.message}; so every file is taken to reach it"
    common.complain(Unjudged(message, unjudged.hint, unjudged.source), target=target.shown)
