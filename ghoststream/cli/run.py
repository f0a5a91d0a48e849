"""`ghoststream run`."""

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
from ghoststream.cli.settings import read_settings, set_json


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
      ghoststream run camera.rtsp --evidence evidence --metrics-port 9090
      ghoststream run cameras.txt --roi door=0.4,0.2,0.2,0.6 --mqtt mqtt://localhost
      ghoststream run pipelines/alarm.yaml --source clip.mp4
    """
    set_json(as_json)
    from ghoststream.cli.report import Report
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.config import RunConfig
    from ghoststream.runners.jobs import run_events

    config = read_settings(RunConfig, sources, flags)
    with stop_on_signals() as stop, Report(as_json=as_json, quiet=config.jsonl == "-") as report:
        report.end(run_events(config, stop=stop, watcher=report))
