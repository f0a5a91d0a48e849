"""`ghoststream schema`."""

import json
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["events", "run", "embed", "label"]), default="events")
def schema(what: str) -> None:
    """Print a JSON Schema: of the event log, or of a pipeline file.

    \b
    Examples:
      ghoststream schema > events.schema.json
      ghoststream schema run > pipeline.schema.json
    """
    click.echo(json.dumps(_schema(what), indent=2, ensure_ascii=False))


def _schema(what: str) -> dict[str, Any]:
    from ghoststream.config import EmbedConfig, LabelConfig, RunConfig
    from ghoststream.sinks.records import json_schema

    schemas = {
        "events": json_schema,
        "run": RunConfig.model_json_schema,
        "embed": EmbedConfig.model_json_schema,
        "label": LabelConfig.model_json_schema,
    }
    return schemas[what]()
