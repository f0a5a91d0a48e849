"""Whether a live run does what it is there for.

health = Health.of(cameras)
health.is_serving, health.status  # True, 'degraded'
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ghoststream.runners.live.monitoring.snapshot import CameraSnapshot

PATIENCE_SECONDS = 60
"""In which a camera need not run yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a run is, as a whole and camera by camera; ready for JSON."""

    status: Literal["ok", "degraded"]
    """Ok while each camera runs, or has been added only now."""
    is_serving: bool
    """Whether a camera runs, or all have been added only now; restarting helps where it is not."""
    cameras: Mapping[str, Mapping[str, object]]
    """State of each, and seconds since its last frame, which are None before the first."""

    @classmethod
    def of(cls, cameras: Sequence[CameraSnapshot]) -> "Health":
        """Judges cameras by their state and age."""
        running = [camera.state == "running" for camera in cameras]
        new = [camera.watched_seconds < PATIENCE_SECONDS for camera in cameras]
        is_well = bool(cameras) and all(map(any, zip(running, new, strict=True)))
        return cls(
            status="ok" if is_well else "degraded",
            is_serving=any(running) or is_well,
            cameras={camera.name: _facts(camera) for camera in cameras},
        )


def _facts(camera: CameraSnapshot) -> dict[str, object]:
    silent = camera.silent_seconds
    return {
        "state": camera.state,
        "seconds_since_frame": None if silent is None else round(silent, 3),
    }
