"""The command line: parse, one library call, print.

Nothing heavy is imported before a command needs it, so that help answers at once.
"""

from ghoststream.cli.commands import main

__all__ = ["main"]
