"""`ghoststream store`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import JSON, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from ghoststream.archive.facts import StoreFacts
    from ghoststream.archive.index import IndexStatus

MEGABYTE = 1_000_000
PLACES = ("video", "path", "source")


@click.group()
def store() -> None:
    """Show a store, put it in order, and remove videos from it."""


@store.command()
@click.argument("address", metavar="STORE")
@options(JSON)
def info(address: str, as_json: bool) -> None:
    """Show what a STORE holds, and how it was made.

    \b
    Example:
      ghoststream store info archive.store
    """
    set_json(as_json)
    from ghoststream.archive.facts import store_facts
    from ghoststream.archive.store import open_store

    facts = store_facts(open_store(address))
    if as_json:
        click.echo(json.dumps(asdict(facts), ensure_ascii=False))
        return
    for name, value in _lines(facts).items():
        click.echo(f"{name:14} {value}")


@store.command()
@click.argument("address", metavar="STORE")
@options(JSON)
def compact(address: str, as_json: bool) -> None:
    """Put the small pieces of a STORE together, so that it is fast to read.

    What they were is kept for an hour, for those who read it now; the next compaction removes it.

    \b
    Example:
      ghoststream store compact archive.store
    """
    set_json(as_json)
    from ghoststream.archive.store import open_store
    from ghoststream.archive.writer import open_writer

    with open_writer(address, open_store(address).recipe) as writer:
        before = writer.pieces()
        writer.compact()
        after = writer.pieces()
    if as_json:
        click.echo(json.dumps({"pieces_before": before, "pieces": after}))
    else:
        click.echo(f"pieces: {before} before, {after} now")


@store.command()
@click.argument("address", metavar="STORE")
@options(JSON)
def index(address: str, as_json: bool) -> None:
    """Bring the index of a STORE up to date, where it is large enough to be worth one.

    A small store needs none: every vector is looked at, and nothing is missed.

    \b
    Example:
      ghoststream store index archive.store
    """
    set_json(as_json)
    from ghoststream.archive.index import build_index, index_status
    from ghoststream.archive.store import open_store
    from ghoststream.archive.writer import open_writer

    with open_writer(address, open_store(address).recipe) as writer:
        build_index(writer.store)
        tables = index_status(writer.store)
    if as_json:
        click.echo(json.dumps({name: asdict(status) for name, status in tables.items()}))
    else:
        click.echo(_index_line(tables))


@store.command()
@click.argument("address", metavar="STORE")
@click.argument("patterns", nargs=-1, required=True, metavar="PATTERN...")
@click.option("--dry-run", is_flag=True, help="Only say which ones.")
@options(JSON)
def forget(address: str, patterns: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Remove videos from a STORE, with all that was found in them; the files stay.

    A PATTERN is a glob for the whole path of a video, its name in the archive, or the file's name
    alone; * stands for any text, with slashes in it too.

    \b
    Examples:
      ghoststream store forget archive.store "/archive/gate/*" --dry-run
      ghoststream store forget archive.store "*.tmp.mp4"
    """
    set_json(as_json)
    from ghoststream.archive.paths import chosen
    from ghoststream.archive.store import open_store
    from ghoststream.archive.writer import open_writer

    opened = open_store(address)
    if dry_run:
        videos = chosen(opened.videos(columns=PLACES), patterns)
    else:
        with open_writer(address, opened.recipe) as writer:
            videos = chosen(writer.store.videos(columns=PLACES), patterns)
            writer.forget(videos["video"].to_pylist())
    _tell_forgotten(videos["path"].to_pylist(), dry_run=dry_run, as_json=as_json)


def _tell_forgotten(paths: list[str], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        key = "would_forget" if dry_run else "forgotten"
        click.echo(json.dumps({key: paths}, ensure_ascii=False))
        return
    if dry_run:
        for path in paths:
            click.echo(path)
    videos = f"{len(paths)} video{'' if len(paths) == 1 else 's'}"
    click.echo(f"{videos} would be forgotten" if dry_run else f"forgot {videos}")


def _lines(facts: "StoreFacts") -> dict[str, str]:
    recipe = facts.recipe
    unfinished = f", {facts.videos_unfinished} unfinished" if facts.videos_unfinished else ""
    lines = {
        "store": facts.address,
        "videos": f"{facts.videos_done} done, {facts.videos_failed} failed{unfinished}",
        "video time": f"{facts.hours:.2f} h",
        "frames": f"{facts.frames} of {recipe.frame_features} numbers",
        "clips": f"{facts.clips} of {recipe.clip_features} numbers",
        "events": str(facts.events),
        "model": f"{recipe.model} {recipe.weights_sha256[:12]}",
        "preprocessing": _settings(recipe.preprocessing),
        "configuration": _settings(recipe.configuration),
        "index": _index_line(facts.index),
    }
    if facts.size_bytes is not None:
        lines["on disk"] = f"{facts.size_bytes / MEGABYTE:.1f} MB"
    return lines


def _index_line(tables: Mapping[str, "IndexStatus"]) -> str:
    return ", ".join(f"{name} {_indexed(status)}" for name, status in tables.items())


def _indexed(status: "IndexStatus") -> str:
    if not status.trained_rows:
        return "none (exact search)"
    return f"{status.indexed_rows} of {status.rows}"


def _settings(values: object) -> str:
    assert isinstance(values, dict)
    return ", ".join(f"{key} {value}" for key, value in values.items())
