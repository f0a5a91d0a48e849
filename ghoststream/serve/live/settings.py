"""Which cameras the page watches, and how: its own settings on top of those of a pipeline file."""

from pathlib import Path

from ghoststream.config import AnalysisConfig, RunConfig, ServeConfig, load_config
from ghoststream.errors import ConfigError
from ghoststream.pipeline import with_settings_of_head
from ghoststream.runners.jobs import find_sources
from ghoststream.runners.live.cameras import runs_live
from ghoststream.runners.outputs import named_outputs
from ghoststream.serve.live.messages import WatchSpec


def watch_spec(config: ServeConfig, pipeline: Path, *, head: Path | None = None) -> WatchSpec:
    """What the process of the cameras is to do.

    Events of cameras are looked through later: where the pipeline names no log and no evidence,
    both are kept in the page's own directory.

    Args:
        config: of the page; what was chosen there wins over the pipeline.
        pipeline: names the cameras.
        head: wins over both.

    Raises:
        ConfigError: the pipeline does not hold, or watches no cameras.
        HeadError: the head cannot be read.
    """
    chosen = config.model_fields_set & set(AnalysisConfig.model_fields)
    overrides: dict[str, object] = {name: getattr(config, name) for name in chosen}
    if head is not None:
        overrides["head"] = head
    named = load_config(pipeline, RunConfig, **overrides)
    _check_live(named, pipeline)
    overrides |= _kept(named, config.data)
    run = with_settings_of_head(load_config(pipeline, RunConfig, **overrides))
    return WatchSpec(config=run, pipeline=pipeline, overrides=overrides)


def _check_live(run: RunConfig, pipeline: Path) -> None:
    if not runs_live(run, find_sources(run)):
        raise ConfigError(
            f"{pipeline}: watches no cameras; name some under `cameras`, or set realtime to play "
            "files as if they were some"
        )


def _kept(run: RunConfig, data: Path) -> dict[str, object]:
    kept: dict[str, object] = {}
    if run.evidence is None:
        kept["evidence"] = data / "evidence"
    if not named_outputs(run):
        kept["jsonl"] = str(data / "events.jsonl")
    return kept
