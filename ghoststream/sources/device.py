"""A webcam of this machine: 0, 1, ... or /dev/video0."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ghoststream.sources.source import SourceOptions, Stream

if TYPE_CHECKING:
    from ghoststream.video.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSource:
    """A camera by its path; times are those of arrival."""

    path: str
    options: SourceOptions = field(default_factory=SourceOptions)

    @property
    def name(self) -> str:
        return self.path

    @property
    def is_live(self) -> bool:
        return True

    def open(self) -> Stream:
        """Starts the camera.

        Raises:
            SourceError: one of its kinds.
        """
        from ghoststream.video.decode import Video

        return Video(self.access())

    def access(self) -> "Access":
        """What FFmpeg may open for it, and how."""
        from ghoststream.video.access import device_access

        return device_access(
            self.path,
            self.name,
            rate=None,
            read_timeout_seconds=self.options.read_timeout_seconds,
        )


def device_path(address: str) -> str | None:
    """/dev/videoN for an index or such a path; None for anything else.

    Example:
        >>> device_path("0")
        '/dev/video0'
    """
    if re.fullmatch(r"[0-9]{1,3}", address):
        return f"/dev/video{int(address)}"
    return address if re.fullmatch(r"/dev/video[0-9]{1,3}", address) else None
