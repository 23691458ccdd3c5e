"""The command line. Only this package prints or exits."""

from validator.cli.check import main

__all__ = ["main"]
