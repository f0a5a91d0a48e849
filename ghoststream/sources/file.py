"""A video file of this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ghoststream.sources.source import Stream
from ghoststream.types import Outline, Sampling

if TYPE_CHECKING:
    from ghoststream.video.access import Access

_ENDINGS = (
    "mp4 m4v mov qt mkv webm avi ts m2ts mts mpg mpeg m2v vob flv f4v wmv asf ogv ogm 3gp 3g2 mxf "
    "gxf dv nut y4m ivf h264 264 h265 265 hevc vvc av1 obu mjpeg mjpg rm rmvb wtv gif"
)
VIDEO_SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split())
"""By which files of a directory are taken for videos; a file named alone may have any ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """One video file."""

    path: Path
    threads: int = 0
    """Of decoders; 0 takes as many as there are cores."""
    is_repeatable: bool = False
    """Whether it has to give the same whatever `threads` is, of damaged files, too."""
    title: str = ""
    """What outputs call it; unset, its path."""

    @property
    def name(self) -> str:
        return self.title or shown(self.path)

    @property
    def is_live(self) -> bool:
        return False

    def open(self) -> Stream:
        """Opens it for reading.

        Raises:
            SourceError: one of its kinds.
        """
        from ghoststream.video.decode import Video

        return Video(self.access(), threads=self.threads, is_repeatable=self.is_repeatable)

    def access(self) -> "Access":
        """What FFmpeg may open for it, and how.

        Raises:
            SourceError: there is no readable regular file.
        """
        from ghoststream.video.access import file_access

        return file_access(self.path, self.name)

    def declared_duration(self) -> Fraction | None:
        """What its container says, in seconds; no frame is decoded for it.

        Raises:
            SourceError: one of its kinds.
        """
        from ghoststream.video.decode import Video

        with Video(self.access(), threads=1) as video:
            return video.declared_duration

    def outline(self, sampling: Sampling, on_step: Callable[[], None]) -> Outline | None:
        """What sampling it comes to; None where its packet headers do not say it for sure.

        Args:
            sampling: which frames.
            on_step: called for each group of pictures.

        Raises:
            SourceError: one of its kinds.
        """
        from ghoststream.video.decode import Video

        with Video(self.access(), threads=1) as video:
            return video.outline(sampling, on_step)


def shown(path: Path) -> str:
    """A path fit for one line of text: control characters and odd bytes are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
