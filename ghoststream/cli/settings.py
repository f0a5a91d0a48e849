"""Arguments and flags to settings."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from ghoststream.config import ArchiveConfig, EmbedConfig, LabelConfig, RunConfig

    C = TypeVar("C", ArchiveConfig, EmbedConfig, LabelConfig, RunConfig)

PIPELINE_SUFFIXES = (".yaml", ".yml")


def read_settings(
    kind: "type[C]",
    arguments: tuple[str, ...],
    flags: dict[str, object],
    *,
    needs_source: bool = True,
) -> "C":
    """Sources or a pipeline file, with flags on top.

    Raises:
        ConfigError: settings that do not hold, or no source.
    """
    from ghoststream.config import AnalysisConfig, load_config, make_config
    from ghoststream.errors import ConfigError

    pipeline, given = given_settings(arguments, flags)
    config = load_config(pipeline, kind, **given) if pipeline else make_config(kind, given)
    if isinstance(config, AnalysisConfig) and config.head is not None:
        from ghoststream.pipeline import with_settings_of_head

        config = with_settings_of_head(config)
    if needs_source and not config.source and not getattr(config, "cameras", ()):
        raise ConfigError("nothing to read; name a video, or give one with --source")
    return config


def given_settings(
    arguments: tuple[str, ...], flags: dict[str, object]
) -> tuple[Path | None, dict[str, object]]:
    """The pipeline file, where one was given, and the settings that win over it.

    Raises:
        ConfigError: several pipeline files.
    """
    from ghoststream.errors import ConfigError

    given: dict[str, object] = {name: value for name, value in flags.items() if value is not None}
    pipelines = [a for a in arguments if Path(a).suffix in PIPELINE_SUFFIXES]
    sources: list[object] = [a for a in arguments if a not in pipelines]
    if sources:
        given["source"] = (*sources, *filter(None, [flags.get("source")]))
    if len(pipelines) > 1:
        raise ConfigError(f"one pipeline at a time, got {' and '.join(pipelines)}")
    return (Path(pipelines[0]) if pipelines else None), given


def set_json(as_json: bool) -> None:
    """Lets the edge know that errors, too, go to a machine."""
    click.get_current_context().find_root().obj["json"] = as_json
