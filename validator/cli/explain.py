"""`qt-validate explain ID`: what a rule finds, why it matters and how to mend it."""

import click

from validator.config import nearest
from validator.report.rules import plain
from validator.rule import discover


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def explain(ids: tuple[str, ...]) -> None:
    """Print what each rule finds, why it matters, how to mend it, and an example of each."""
    known = {rule.id: rule for rule in discover()}
    for position, rule_id in enumerate(ids):
        if rule_id not in known:
            click.echo(f"qt-validate: no rule {rule_id}{nearest(rule_id, known)}", err=True)
            click.echo("  try: `qt-validate rules` lists them all", err=True)
            raise SystemExit(2)
        click.echo(("\n" if position else "") + plain(known[rule_id]), nl=False)
