"""Which files browsers play as they are."""

from collections.abc import Mapping
from pathlib import Path

from ghoststream.video.decode import open_file

_CODECS: Mapping[str, frozenset[str]] = {
    ".mp4": frozenset({"h264", "av1", "vp9"}),
    ".m4v": frozenset({"h264", "av1", "vp9"}),
    ".mov": frozenset({"h264"}),
    ".webm": frozenset({"vp8", "vp9", "av1"}),
}
_CONTAINERS: Mapping[str, str] = {
    ".mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    ".m4v": "mov,mp4,m4a,3gp,3g2,mj2",
    ".mov": "mov,mp4,m4a,3gp,3g2,mj2",
    ".webm": "matroska,webm",
}
MEDIA_TYPES: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    # Browsers take the container for what it is, an MP4 of an older kind.
    ".mov": "video/mp4",
    ".webm": "video/webm",
}
"""By the endings of files that browsers may play."""
_PIXELS = ("yuv420p", "yuvj420p")


def plays_in_browsers(suffix: str, *, container: str, codec: str, pixel_format: str) -> bool:
    """Whether every browser of today plays such a file as it is.

    Args:
        suffix: ending of its name.
        container: as FFmpeg calls it.
        codec: likewise.
        pixel_format: likewise; many have hardware for 8 bits in 4:2:0 only.
    """
    ending = suffix.lower()
    return (
        container == _CONTAINERS.get(ending)
        and codec in _CODECS[ending]
        and pixel_format in _PIXELS
    )


def file_plays_in_browsers(path: Path) -> bool:
    """The same of a file, which is opened for it: to be called where it may crash.

    Raises:
        SourceError: it cannot be read.
    """
    with open_file(path, threads=1) as video:
        info = video.info
    return plays_in_browsers(
        path.suffix, container=info.container, codec=info.codec, pixel_format=info.pixel_format
    )
