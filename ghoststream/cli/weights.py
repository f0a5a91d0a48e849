"""`ghoststream weights`."""

import json

import click

from ghoststream.cli.options import JSON, options
from ghoststream.cli.settings import set_json


@click.group()
def weights() -> None:
    """List, fetch and show the weights of the networks."""


@weights.command("list")
@options(JSON)
def list_(as_json: bool) -> None:
    """List every choice of weights."""
    set_json(as_json)
    from ghoststream.models import list_weights

    rows = [
        {
            "model": listed.model,
            "weights": listed.weights,
            "name": listed.name,
            "here": listed.path is not None,
            "about": listed.about,
        }
        for listed in list_weights()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        here = "here" if row["here"] else "-"
        click.echo(f"{row['model']:18} {row['weights']:8} {here:5} {row['about']}")


@weights.command()
@click.argument("name")
@options(JSON)
def pull(name: str, as_json: bool) -> None:
    """Fetch the hub's weights of the network NAME.

    \b
    Example:
      ghoststream weights pull ghostnet_100
      ghoststream weights pull timm:mobilenetv3_small_100.lamb_in1k
    """
    set_json(as_json)
    from ghoststream.models import pull_weights

    _print(pull_weights(name), as_json)


@weights.command()
@click.argument("name")
@click.option("--weights", "spec", default="auto", help="auto, bundled, package, hub, or a file.")
@options(JSON)
def show(name: str, spec: str, as_json: bool) -> None:
    """Show where the weights of the network NAME lie and what they are.

    \b
    Example:
      ghoststream weights show ghostnet_100
    """
    set_json(as_json)
    from ghoststream.models import show_weights

    _print(show_weights(name, spec), as_json)


def _print(found: object, as_json: bool) -> None:
    from ghoststream.models import Weights

    assert isinstance(found, Weights)
    facts = {
        "model": found.model,
        "weights": found.name,
        "path": str(found.path),
        "sha256": found.sha256,
        "bytes": found.size_bytes,
        "preprocessing": dict(found.preprocessing.as_dict()),
        **{f"file: {key}": value for key, value in found.metadata.items()},
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        click.echo(f"{key:22} {value}")
