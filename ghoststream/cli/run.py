"""`ghoststream run`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import (
    CAMERAS,
    CLIPS,
    DELIVERY,
    EVENTS,
    EVIDENCE,
    JSON,
    MODEL,
    OUTPUTS,
    SAMPLING,
    SOURCE,
    options,
)
from ghoststream.cli.settings import given_settings, read_settings, set_json

if TYPE_CHECKING:
    from ghoststream.cli.run_display import RunDisplay
    from ghoststream.config import RunConfig
    from ghoststream.runners.jobs import Result


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE... | PIPELINE.yaml")
@options(SOURCE, MODEL, SAMPLING, CLIPS, EVENTS, OUTPUTS, CAMERAS, EVIDENCE, DELIVERY, JSON)
def run(sources: tuple[str, ...], as_json: bool, **flags: object) -> None:
    """Name what videos or a camera show, and tell what begins and ends.

    SOURCE is a file, directory, glob, list (.txt), address file (camera.rtsp), rtsp:// or
    http(s):// address, or the number of a webcam. Cameras are watched until you stop it; several
    of them share one network, and each reconnects on its own.

    \b
    Examples:
      ghoststream run clip.mp4
      ghoststream run clip.mp4 --fps 2 --jsonl - --annotate labelled.mp4
      ghoststream run clip.mp4 --report clip.html
      ghoststream run camera.rtsp --evidence evidence --metrics-port 9090
      ghoststream run cameras.txt --roi door=0.4,0.2,0.2,0.6 --mqtt mqtt://localhost
      ghoststream run pipelines/alarm.yaml --source clip.mp4
    """
    set_json(as_json)
    from ghoststream.config import RunConfig
    from ghoststream.runners.jobs import find_sources
    from ghoststream.runners.live.cameras import runs_live
    from ghoststream.runners.outputs import check_writable

    config = read_settings(RunConfig, sources, flags)
    if config.report is not None:
        check_writable(config.report)
    if runs_live(config, find_sources(config)):
        _watch(config, *given_settings(sources, flags), as_json=as_json)
    else:
        _read(config, as_json=as_json)


def _read(config: "RunConfig", *, as_json: bool) -> None:
    """Each source from its start to its end."""
    from ghoststream.cli.run_display import RunDisplay
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.runners.jobs import run_events

    quiet = config.jsonl == "-"
    with stop_on_signals() as stop, RunDisplay(as_json=as_json, quiet=quiet) as display:
        result = run_events(config, stop=stop, watcher=display)
        display.end(_reported(config, result, display, as_json=as_json))


def _watch(
    config: "RunConfig", pipeline: Path | None, overrides: dict[str, object], *, as_json: bool
) -> None:
    """Cameras, until somebody says stop."""
    from ghoststream.cli.live_report import LiveReport
    from ghoststream.cli.run_display import RunDisplay
    from ghoststream.cli.stopping import reload_on_hangup, stop_on_signals
    from ghoststream.runners.live.reload import ReloadedCameras
    from ghoststream.runners.live.run import run_cameras

    quiet = as_json or config.jsonl == "-"
    with (
        stop_on_signals() as stop,
        reload_on_hangup() as hangup,
        RunDisplay(as_json=as_json, quiet=quiet, has_bar=False) as display,
    ):
        cameras = ReloadedCameras(config, pipeline=pipeline, overrides=overrides, hangup=hangup)
        watcher = LiveReport(display, quiet=quiet)
        result = run_cameras(config, cameras=cameras, stop=stop, watcher=watcher)
        display.end(_reported(config, result, display, as_json=as_json))


def _reported(
    config: "RunConfig", result: "Result", display: "RunDisplay", *, as_json: bool
) -> "Result":
    """Makes the page of what was found, where one is wanted."""
    if config.report is None:
        return result
    from ghoststream.cli.report import make_report

    display.rest()
    made = make_report([result.outputs["jsonl"]], config.report, quiet=as_json)
    return replace(result, outputs={**result.outputs, "report": made.path})
