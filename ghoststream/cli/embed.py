"""`ghoststream embed`."""

from pathlib import Path

import click

from ghoststream.cli.options import JSON, MODEL, PATH, SAMPLING, SOURCE, options
from ghoststream.cli.settings import read_settings, set_json


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE... | PIPELINE.yaml")
@click.option(
    "--out", type=PATH, metavar="FILE", help="vectors.parquet or vectors.npz.  [required]"
)
@options(SOURCE, MODEL, SAMPLING, JSON)
def embed(sources: tuple[str, ...], as_json: bool, out: Path | None, **flags: object) -> None:
    """Write the embedding of every sampled frame, with its exact time.

    \b
    Examples:
      ghoststream embed clip.mp4 --out vectors.parquet
      ghoststream embed archive/ --keyframes --out vectors.npz
    """
    set_json(as_json)
    from ghoststream.cli.report import Report
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.config import EmbedConfig
    from ghoststream.runners.jobs import run_embeddings

    config = read_settings(EmbedConfig, sources, {**flags, "out": out})
    with stop_on_signals() as stop, Report(as_json=as_json, quiet=False) as report:
        report.end(run_embeddings(config, stop=stop, watcher=report))
