"""`ghoststream duplicates`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import JSON, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from pathlib import Path

    from ghoststream.archive.duplicates import Duplicate

DIGITS = 6


@click.command()
@click.argument("store", metavar="STORE")
@click.option(
    "--min-length",
    type=float,
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="Leave out shorter stretches.",
)
@click.option(
    "--min-score",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SCORE",
    help="How well both must move alike, up to 1; lower finds more, and more that is none.",
)
@options(JSON)
def duplicates(store: str, min_length: float, min_score: float, as_json: bool) -> None:
    """List pairs of videos in a STORE that share a stretch, longest first.

    Times are seconds on each video's own clock; the offset leads from a moment of the first video
    to the same one of the second. Videos whose bytes are all equal have a score of 1.

    \b
    Examples:
      ghoststream duplicates archive.store
      ghoststream duplicates archive.store --min-length 10 --json
    """
    set_json(as_json)
    from ghoststream.archive.duplicates import find_duplicates
    from ghoststream.archive.store import open_store

    found = find_duplicates(open_store(store), min_length_seconds=min_length, min_score=min_score)
    if as_json:
        text = json.dumps({"duplicates": [_facts(pair) for pair in found]}, ensure_ascii=False)
        # Bytes of a name that are no UTF-8 become escapes, as JSON has them.
        click.echo(text.encode("utf-8", "backslashreplace"))
        return
    for pair in found:
        click.echo(_line(pair))
    if not found:
        click.echo("no duplicates", err=True)


def _line(pair: "Duplicate") -> str:
    kind = "same file" if pair.is_same_file else f"{pair.score:.3f}"
    return (
        f"{kind:9}  {pair.length_seconds:8.2f} s  offset {pair.offset_seconds:+.2f} s"
        f"  {_place(pair.first, pair.start_seconds, pair.length_seconds)}"
        f"  {_place(pair.second, pair.other_start_seconds, pair.length_seconds)}"
    )


def _place(path: "Path", start_seconds: float, length_seconds: float) -> str:
    from ghoststream.sources.file import shown

    return f"{shown(path)}@{start_seconds:.2f}-{start_seconds + length_seconds:.2f}"


def _facts(pair: "Duplicate") -> dict[str, object]:
    """With numbers that print the same on every machine."""
    return {name: _plain(value) for name, value in asdict(pair).items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS)
    return value if isinstance(value, bool) else str(value)
