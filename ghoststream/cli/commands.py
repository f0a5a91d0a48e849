"""All commands, and the edge at which errors become sentences and exit codes."""

import json
import os
import sys
import traceback

import click

from ghoststream.cli.bench import bench
from ghoststream.cli.distill import distill
from ghoststream.cli.duplicates import duplicates
from ghoststream.cli.embed import embed
from ghoststream.cli.evaluate import evaluate
from ghoststream.cli.exit_codes import INTERNAL_ERROR, INTERRUPTED
from ghoststream.cli.export import export
from ghoststream.cli.label import label
from ghoststream.cli.probe import probe
from ghoststream.cli.report import report
from ghoststream.cli.run import run
from ghoststream.cli.schema import schema
from ghoststream.cli.search import search
from ghoststream.cli.serve import serve
from ghoststream.cli.store import store
from ghoststream.cli.train import train
from ghoststream.cli.validate import validate
from ghoststream.cli.weights import weights
from ghoststream.errors import GhostStreamError
from ghoststream.version import __version__

DEFECT = (
    "a defect in GhostStream, {name}: {message}; please report it with the output of the same "
    "command under GHOSTSTREAM_DEBUG=1"
)

HIDDEN = "<a line that may hold an address>\n"

EPILOG = """\b
Exit codes:
  0  all well
  1  internal error
  2  wrong arguments, settings, weights or head
  3  some of the input could not be used; the rest is written
  4  nothing could be read
  5  an output could not be written
130  interrupted; what was done until then is written
"""


class Edge(click.Group):
    """Turns whatever a command raises into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GhostStreamError as error:
            _tell(ctx, error.code, str(error))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _tell(ctx, "INTERRUPTED", "interrupted")
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output has seen enough; Python must not complain at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the edge: a defect of ours, told as one
            if os.environ.get("GHOSTSTREAM_DEBUG"):
                click.echo("".join(map(_harmless, traceback.format_exception(error))), err=True)
            message = _harmless(str(error))
            _tell(ctx, "INTERNAL", DEFECT.format(name=type(error).__name__, message=message))
            ctx.exit(INTERNAL_ERROR)


def _harmless(text: str) -> str:
    """What nobody foresaw may hold an address, and so a password."""
    lines = text.splitlines(keepends=True)
    return "".join(HIDDEN if "://" in line or "@" in line else line for line in lines)


def _tell(ctx: click.Context, code: str, message: str) -> None:
    if ctx.obj and ctx.obj.get("json"):
        click.echo(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
    click.echo(f"Error: {message}", err=True)


@click.group(cls=Edge, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ghoststream")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Video analytics on ordinary machines: from any video to events with exact times.

    \b
    Example:
      ghoststream run sample_videos/coffee.mp4
    """
    ctx.obj = {}


for command in (
    run,
    label,
    train,
    evaluate,
    distill,
    embed,
    export,
    search,
    report,
    serve,
    duplicates,
    store,
    probe,
    validate,
    schema,
    weights,
    bench,
):
    main.add_command(command)
