"""`ghoststream probe`."""

import json
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import JSON, SOURCE, options
from ghoststream.cli.settings import read_settings, set_json

if TYPE_CHECKING:
    from ghoststream.types import StreamInfo


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@options(SOURCE, JSON)
def probe(sources: tuple[str, ...], as_json: bool, **flags: object) -> None:
    """Tell what a video says of itself, without decoding it.

    \b
    Example:
      ghoststream probe clip.mp4
    """
    set_json(as_json)
    from ghoststream.config import EmbedConfig
    from ghoststream.runners.jobs import find_sources

    for source in find_sources(read_settings(EmbedConfig, sources, flags)):
        with source.open() as stream:
            facts = {"source": source.name, **_facts(stream.info)}
        click.echo(json.dumps(facts, ensure_ascii=False) if as_json else _table(facts))


def _facts(info: "StreamInfo") -> dict[str, object]:
    return {name: _plain(getattr(info, name)) for name in info.__dataclass_fields__}


def _plain(value: object) -> object:
    from fractions import Fraction

    return str(value) if isinstance(value, Fraction) else value


def _table(facts: dict[str, object]) -> str:
    width = max(map(len, facts))
    return "\n".join(f"{name:{width}}  {value}" for name, value in facts.items())
