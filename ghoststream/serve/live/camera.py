"""What the page shows of a camera."""

from pydantic import BaseModel, ConfigDict

from ghoststream.types import LiveState


class SeenLabel(BaseModel):
    """A class that the newest clip shows."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    label: str
    score: float
    region: str | None
    """The part of the picture that shows it; null for the whole."""


class Camera(BaseModel):
    """A camera as it is now; totals are of all its connections since it is watched."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    """Without passwords."""
    state: LiveState = "connecting"
    cause: str | None = None
    """One sentence, where there is something to say of the state."""
    fps: float = 0.0
    """Frames a second that the network looks at."""
    camera_fps: float = 0.0
    """Frames a second that come."""
    labels: tuple[SeenLabel, ...] = ()
    """Of the newest clip, best first; none while nothing comes."""
    newest_time: float | None = None
    """When its newest frame came, in Unix seconds; null before the first."""
    reconnects: int = 0
    stalls: int = 0
    dropped: int = 0
    """Frames that were damaged, out of order, or more than this machine can do."""
