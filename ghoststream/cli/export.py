"""`ghoststream export`."""

import json
from pathlib import Path

import click

from ghoststream.cli.options import JSON, PATH, options
from ghoststream.cli.settings import set_json


@click.command()
@click.argument("store", metavar="STORE")
@click.argument("out", type=PATH, metavar="OUT")
@click.option(
    "--table",
    type=click.Choice(["frames", "clips", "events", "videos"]),
    help="What to write.  [default: frames for .parquet and .npz, clips for .jsonl and .csv]",
)
@click.option("--where", metavar="SQL", help="A condition on the table's columns.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="GLOB",
    help="Only videos with such a path; repeatable.",
)
@click.option(
    "--vectors/--no-vectors",
    default=None,
    help="Write the vectors, too.  [default: into .parquet and .npz only]",
)
@options(JSON)
def export(
    store: str,
    out: Path,
    table: str | None,
    where: str | None,
    paths: tuple[str, ...],
    vectors: bool | None,
    as_json: bool,
) -> None:
    """Write a table of a STORE to the file OUT: .parquet, .npz, .jsonl or .csv.

    Each row says where its video lies. The columns are those of docs/store.md.

    \b
    Examples:
      ghoststream export archive.store frames.parquet
      ghoststream export archive.store tabby.csv --where "labels[1] = 'tabby'"
      ghoststream export archive.store failed.jsonl --table videos --where "status = 'failed'"
      ghoststream export archive.store night.npz --path "*/night/*" --where "contrast > 5"
    """
    set_json(as_json)
    from ghoststream.archive.store import open_store
    from ghoststream.runners.export import export_table

    rows = export_table(
        open_store(store), out, table=table, where=where, paths=paths, vectors=vectors
    )
    if as_json:
        click.echo(json.dumps({"path": str(out), "rows": rows}, ensure_ascii=False))
    else:
        click.echo(f"{rows} row{'' if rows == 1 else 's'}: {out}")
