"""`ghoststream validate`."""

import json

import click

from ghoststream.cli.options import JSON, options
from ghoststream.cli.run import run
from ghoststream.cli.settings import read_settings, set_json


@click.command(params=[p for p in run.params if p.name not in ("sources", "as_json")])
@click.argument("sources", nargs=-1, metavar="SOURCE... | PIPELINE.yaml")
@options(JSON)
def validate(sources: tuple[str, ...], as_json: bool, **flags: object) -> None:
    """Check settings, weights, head and sources as `run` would, and run nothing.

    \b
    Example:
      ghoststream validate pipelines/alarm.yaml --source clip.mp4
    """
    set_json(as_json)
    from ghoststream.config import RunConfig
    from ghoststream.runners.jobs import check_events, find_sources
    from ghoststream.runners.live.cameras import runs_live
    from ghoststream.runners.live.check import check_cameras

    config = read_settings(RunConfig, sources, flags, needs_source=False)
    check = check_cameras if runs_live(config, find_sources(config)) else check_events
    facts = check(config)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        click.echo(f"{name:10} {value}")
