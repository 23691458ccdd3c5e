"""`qt-validate [TARGET…]`: judge targets, print the report, exit 0, 1 or 2."""

import gc
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from validator.cli import common
from validator.config import RANGE, KubeVersions, Settings, nearest
from validator.finding import Severity, TargetError, Verdict

if TYPE_CHECKING:
    from validator.input import Request
    from validator.rule import Rule

FAIL_ON = {"error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.INFO, "never": None}


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from validator.report.json import tool

        click.echo(f"qt-validate {tool()['version']}")
        context.exit()


@click.command(name="qt-validate", context_settings=common.HELP)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True
)
@click.option("--output", metavar="FILE", help="Write the report to a file instead of standard output.")
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="error",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--select", multiple=True, metavar="ID,…", help="Run only these rules or families.")
@click.option("--ignore", multiple=True, metavar="ID,…", help="Leave these rules or families out.")
@click.option("--profile", type=click.Choice(["dev", "prod"]), help="Judge every target as this profile.")
@click.option("--complete", is_flag=True, help="Plain YAML holds all there is: report what is absent.")
@click.option(
    "--renderer", metavar="PROGRAM", help="kustomize, kubectl or a path; default: what is found first."
)
@click.option(
    "--kube-version", metavar="RANGE", help="Versions of Kubernetes that are to accept it: 1.28..1.37."
)
@click.option("--allow-remote", is_flag=True, help="Let Kustomize fetch remote bases.")
@click.option("--config", metavar="FILE", help=common.CONFIG_HELP)
@click.option("-q", "--quiet", is_flag=True, help="Print only what is wrong.")
@click.option("-v", "--verbose", is_flag=True, help="Print info findings, all evidence and raw messages too.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print it and exit."
)
def check(
    targets: tuple[str, ...],
    form: str,
    output: str | None,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    profile: str | None,
    complete: bool,
    renderer: str | None,
    kube_version: str | None,
    allow_remote: bool,
    config: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Say whether Kubernetes overlays are fit for production, and if not, which line to change.

    TARGET is an overlay's folder (also relative to `root` of the configuration), a file or folder of
    plain YAML, or `-` for standard input. Without one, every overlay is judged.

    Exit code: 0 nothing at or above --fail-on, 1 findings, 2 something could not be judged.

    Other commands, each with its own --help: `qt-validate rules` lists the rules, `explain ID` explains
    one, `blame TARGET OBJECT FIELD` shows which lines set a field, `affected FILE…` which overlays files
    reach.
    """
    # One short run: a collection would walk hundreds of thousands of nodes that all live to the end.
    gc.disable()
    from validator.input import Request

    threshold = FAIL_ON[fail_on]
    lowest = min(threshold or Severity.WARNING, Severity.WARNING)
    try:
        settings = _with_versions(common.settings(config, targets), kube_version)
        quote = form == "terminal" and not quiet
        request = Request(settings, profile, complete, renderer, allow_remote, quote)
        verdicts = _verdicts(targets, request, select, ignore)
    except TargetError as error:
        common.complain(error.unjudged, verbose=verbose)
        sys.exit(2)
    text, shown = "", Severity.INFO if verbose else lowest
    if form == "json":
        from validator.report.json import report as as_json

        text = as_json(verdicts)
    else:
        from validator.report.terminal import report as as_text

        style = common.style(output is None)
        text = as_text(verdicts, replace(style, verbose=verbose, quiet=quiet, lowest=shown))
    if form == "json" or output is not None:
        for verdict in verdicts:
            if verdict.error is not None:
                common.complain(verdict.error, target=verdict.target, verbose=verbose)
    written = common.write(text, output)
    sys.exit(2 if not written else exit_code(verdicts, threshold))


def exit_code(verdicts: Iterable[Verdict], threshold: Severity | None) -> int:
    """2 when a target could not be judged, 1 for findings at or above the threshold, else 0."""
    verdicts = list(verdicts)
    if any(verdict.error is not None for verdict in verdicts):
        return 2
    worst = max((w for verdict in verdicts if (w := verdict.worst()) is not None), default=None)
    return int(worst is not None and threshold is not None and worst >= threshold)


def _with_versions(settings: Settings, text: str | None) -> Settings:
    if text is None:
        return settings
    versions = KubeVersions.read(text)
    if versions is None:
        raise TargetError(f"--kube-version {text}: not {RANGE}")
    return replace(settings, kube_version=versions)


def _verdicts(
    arguments: tuple[str, ...], request: "Request", select: tuple[str, ...], ignore: tuple[str, ...]
) -> list[Verdict]:
    """One verdict a target, in the order given; a target that cannot be found has its error."""
    from validator.input import Input
    from validator.target import discover, resolve

    settings = request.settings
    found: list[Input | Verdict] = []
    for argument in arguments:
        try:
            found += [Input(target, request) for target in resolve(argument, settings)]
        except TargetError as error:
            found.append(Verdict(argument, request.profile or "prod", error=error.unjudged))
    if not arguments:
        found += [Input(target, request) for target in discover(settings)]
    there = [each for each in found if isinstance(each, Input)]
    for each in there[:2]:
        each.start()
    # While Kustomize builds: rules and reasoning are many modules.
    from validator.pipeline import judge

    rules, ignored = _rules(settings, select, ignore)
    with common.progress() as progress:
        judged = judge(there, request, rules, ignored, progress)
        return [each if isinstance(each, Verdict) else next(judged) for each in found]


def _rules(
    settings: Settings, select: tuple[str, ...], ignore: tuple[str, ...]
) -> tuple[tuple["Rule", ...], frozenset[str]]:
    """All rules, and the IDs switched off. Raises TargetError for a rule that is not known."""
    from validator.check import check_options
    from validator.rule import discover

    rules = discover()
    check_options(rules, settings)
    chosen = _named(rules, select, "--select")
    dropped = _named(rules, ignore, "--ignore")
    off = {
        rule.id
        for rule in rules
        if rule.id in dropped or (rule.id not in chosen if select else not rule.enabled)
    }
    return rules, frozenset(off)


def _named(rules: tuple["Rule", ...], words: tuple[str, ...], option: str) -> frozenset[str]:
    found: set[str] = set()
    for word in (part.strip() for each in words for part in each.split(",") if part.strip()):
        matching = {rule.id for rule in rules if word in (rule.id, rule.family)}
        if not matching:
            known = {rule.id for rule in rules} | {rule.family for rule in rules}
            raise TargetError(
                f"{option} {word}: there is no such rule or family{nearest(word, known)}",
                hint="families: " + ", ".join(sorted({rule.family for rule in rules})),
            )
        found |= matching
    return frozenset(found)
