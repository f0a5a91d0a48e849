"""Which settings decide the results, and which only where they go."""

import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel

from ghoststream.config.live import LiveConfig

WITHOUT_EFFECT = (
    {"source", "jsonl", "csv", "vtt", "annotate", "heatmap", "report", "out", "exist_ok"}
    | {"rtsp_transport", "open_timeout", "read_timeout"}
    | {"device", "precision", "batch", "workers"}
    | {"store", "include", "exclude", "file_timeout", "retry_failed", "dry_run", "watch"}
    | {"engine", "address"}
    # A camera's own rate and regions stand in the headers of its results all the same.
    | set(LiveConfig.model_fields)
)
"""Settings that decide where results go and how they are reached, but not what they are."""


def deciding_settings(config: BaseModel) -> dict[str, object]:
    """The settings that decide the results, ready for JSON."""
    return {k: v for k, v in config.model_dump(mode="json").items() if k not in WITHOUT_EFFECT}


def configuration_sha256(settings: Mapping[str, object]) -> str:
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
