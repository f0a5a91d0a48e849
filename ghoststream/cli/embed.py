"""`ghoststream embed`."""

from pathlib import Path

import click

from ghoststream.cli.options import (
    ARCHIVE,
    CLIPS,
    EVENTS,
    JSON,
    MODEL,
    PATH,
    SAMPLING,
    SOURCE,
    options,
)
from ghoststream.cli.settings import PIPELINE_SUFFIXES, read_settings, set_json


@click.command()
@click.argument("sources", nargs=-1, metavar="ARCHIVE... | SOURCE... | PIPELINE.yaml")
@click.option(
    "--out",
    type=PATH,
    metavar="FILE|DIR",
    help="vectors.parquet or vectors.npz instead of a store; beside --store, a directory for an "
    "event log of each video.",
)
@options(ARCHIVE, SOURCE, MODEL, SAMPLING, CLIPS, EVENTS, JSON)
def embed(sources: tuple[str, ...], as_json: bool, **flags: object) -> None:
    """Store the embedding of every sampled frame and every clip, with their exact times.

    Into a store, which is searched with `ghoststream search`; run it again, and it does what is new
    or changed. Or into one file, with --out vectors.parquet.

    \b
    Examples:
      ghoststream embed archive/ --fps 2 --store archive.store
      ghoststream embed clip.mp4 --out vectors.parquet
    """
    set_json(as_json)
    if _is_for_file(sources, flags):
        _to_file(sources, flags, as_json=as_json)
        return
    from ghoststream.cli.archive import work_through
    from ghoststream.config import ArchiveConfig

    work_through(read_settings(ArchiveConfig, sources, flags), as_json=as_json)


def _is_for_file(sources: tuple[str, ...], flags: dict[str, object]) -> bool:
    if flags["store"] is not None:
        return False
    # A pipeline names its output itself.
    return flags["out"] is not None or any(Path(s).suffix in PIPELINE_SUFFIXES for s in sources)


def _to_file(sources: tuple[str, ...], flags: dict[str, object], *, as_json: bool) -> None:
    from ghoststream.cli.run_display import RunDisplay
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.config import EmbedConfig
    from ghoststream.runners.jobs import run_embeddings

    config = read_settings(EmbedConfig, sources, flags)
    with stop_on_signals() as stop, RunDisplay(as_json=as_json, quiet=False) as report:
        report.end(run_embeddings(config, stop=stop, watcher=report))
