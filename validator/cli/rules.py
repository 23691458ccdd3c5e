"""`qt-validate rules`: every rule in a line."""

import click

from validator.rule import discover


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1, metavar="[WORD]...")
def rules(words: tuple[str, ...]) -> None:
    """List the rules, or those whose ID or summary holds every WORD.

    Columns: ID, severity, checklist item, `prod` when asked in that profile only, summary.
    """
    listed = [
        rule
        for rule in discover()
        if all(word.lower() in f"{rule.id} {rule.summary}".lower() for word in words)
    ]
    width = max((len(rule.id) for rule in listed), default=0)
    for rule in listed:
        item = str(rule.item or "")
        profile = "prod" if rule.prod else ""
        severity = rule.severity.name.lower()
        click.echo(f"{rule.id:<{width}}  {severity:<7}  {item:>2}  {profile:<4}  {rule.summary}")
    if not listed:
        click.echo(f"no rule has {' and '.join(words)} in its ID or summary", err=True)
        raise SystemExit(2)
