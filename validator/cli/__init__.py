"""The command line. Only this package prints or exits."""

import os
import sys

COMMANDS = ("affected", "blame", "explain", "rules")


def main() -> None:
    """`qt-validate [TARGET…]` judges; a command's name as first word runs that command instead.

    A file or folder of that name is still a target: no command takes a target's place.
    """
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word in COMMANDS and not os.path.exists(word):
        import importlib

        command = getattr(importlib.import_module(f"validator.cli.{word}"), word)
        command(args=sys.argv[2:], prog_name=f"qt-validate {word}")
    else:
        from validator.cli.check import check

        check(prog_name="qt-validate")


__all__ = ["main"]
