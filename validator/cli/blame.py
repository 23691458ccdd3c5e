"""`qt-validate blame TARGET [OBJECT] [FIELD]`: which lines set a field, and what they overrode."""

import gc
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from validator.cli import common
from validator.finding import TargetError

if TYPE_CHECKING:
    from validator.blame import Blamed
    from validator.config import Settings
    from validator.input import Rendered, Request
    from validator.target import Target


@click.command(context_settings=common.HELP)
@click.argument("target")
@click.argument("object_", required=False, metavar="[OBJECT]")
@click.argument("field", required=False)
@click.option(
    "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True
)
@click.option("--renderer", metavar="PROGRAM", help="kustomize, kubectl or a path.")
@click.option("--allow-remote", is_flag=True, help="Let Kustomize fetch remote bases.")
@click.option("--config", metavar="FILE", help=common.CONFIG_HELP)
def blame(
    target: str,
    object_: str | None,
    field: str | None,
    form: str,
    renderer: str | None,
    allow_remote: bool,
    config: str | None,
) -> None:
    """Show for each field at or below FIELD its value, the line that set it, and what that overrode.

    TARGET is an overlay, a file or folder of plain YAML, or `-`. OBJECT is Kind/name or
    Kind/namespace/name; without it every object is shown. FIELD is a path with dots: [0] or [name] is an
    item of a list, ["app.kubernetes.io/name"] a key with dots. Values of Secrets stay hidden.

    qt-validate blame overlays/prod Deployment/api 'spec.template.spec.containers[api].resources'

    Exit code: 0, or 2 when there is no such object or field, or the target cannot be built.
    """
    gc.disable()
    from validator.input import Request

    try:
        request = Request(common.settings(config, (target,)), renderer=renderer, allow_remote=allow_remote)
        fields = list(_fields(_rendered(target, request), object_, field))
    except TargetError as error:
        common.complain(error.unjudged, target=target)
        sys.exit(2)
    from validator.report import blame as report

    text = report.as_json(fields) if form == "json" else report.as_text(fields, common.style())
    sys.exit(0 if common.write(text) else 2)


def _rendered(argument: str, request: "Request") -> "Rendered":
    from validator.input import Input

    started = Input(_only(argument, request.settings), request)
    started.start()
    with common.progress() as progress:
        return started.finish(progress)


def _only(argument: str, settings: "Settings") -> "Target":
    from validator.target import resolve

    found = resolve(argument, settings)
    if len(found) > 1:
        listed = ", ".join(each.shown for each in found)
        raise TargetError(f"{len(found)} overlays are in there", hint=f"name one: {listed}")
    return found[0]


def _fields(rendered: "Rendered", object_: str | None, field: str | None) -> "Iterator[Blamed]":
    from validator.blame import Blame
    from validator.choice import choose_field, choose_object

    blame = Blame(rendered.sources)
    if object_ is None:
        for resource in rendered.resources:
            yield from blame.below(resource)
    else:
        chosen = choose_object(rendered.resources, object_)
        yield from blame.below(chosen, choose_field(chosen, field or ""))
