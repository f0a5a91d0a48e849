"""`ghoststream label`."""

from pathlib import Path

import click

from ghoststream.cli.options import (
    ARCHIVE,
    CLIPS,
    EVENTS,
    INSTEAD,
    JSON,
    MODEL,
    PATH,
    REPORT,
    SAMPLING,
    options,
)
from ghoststream.cli.settings import read_settings, set_json

DEFAULT_OUT = Path("labels")


@click.command()
@click.argument("sources", nargs=-1, metavar="ARCHIVE... | PIPELINE.yaml")
@click.option(
    "--out",
    type=PATH,
    metavar="DIR",
    help="An event log for each video, in a tree that mirrors the archive.  [default: labels]",
)
@options(REPORT, INSTEAD, ARCHIVE, MODEL, SAMPLING, CLIPS, EVENTS, JSON)
def label(sources: tuple[str, ...], as_json: bool, **flags: object) -> None:
    """Name every clip of an ARCHIVE: directories, files, or lists of them.

    Run it again, and it does what is new or changed; kill it at any moment, and the next run goes
    on. What is found goes to a store too, for `ghoststream search`.

    \b
    Examples:
      ghoststream label archive/
      ghoststream label archive/ --fps 1 --out labels --store archive.store
      ghoststream label archive/ --report archive.html
      ghoststream label archive/ --exclude trash --dry-run
      ghoststream label pipelines/archive.yaml --source archive/
    """
    set_json(as_json)
    from ghoststream.cli.archive import work_through
    from ghoststream.config import LabelConfig

    config = read_settings(LabelConfig, sources, flags)
    out = config.out or DEFAULT_OUT
    config = config.model_copy(update={"out": out})
    work_through(config, as_json=as_json, report=config.report)
