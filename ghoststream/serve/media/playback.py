"""A stretch of a video that browsers do not play, made into one that they do; in the converter."""

from pathlib import Path

from ghoststream.errors import Unsuitable
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.media.links import MAX_STRETCH_SECONDS
from ghoststream.sinks.atomic import output_errors
from ghoststream.video.stretch import write_stretch

MAX_SIDE = 1280
"""Larger ones take longer to make than to watch."""


def convert(file: MediaFile, path: Path, start_seconds: float, end_seconds: float) -> None:
    """Writes a stretch as H.264 in MP4, without sound.

    Args:
        file: a video.
        path: to write.
        start_seconds: on the video's own clock; zero to who plays it.
        end_seconds: likewise.

    Raises:
        ConfigError: the video has no such time.
        SourceError: it cannot be read.
        OutputError: the file cannot be written.
    """
    with output_errors(path):
        write_stretch(
            file.path,
            path,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            max_side=MAX_SIDE,
            name=file.name,
        )


def checked_stretch(start_seconds: float | None, end_seconds: float | None) -> tuple[float, float]:
    """What is asked for, if it can be had.

    Raises:
        Unsuitable: it says not which stretch, or one that is empty or too long.
    """
    if start_seconds is None or end_seconds is None:
        raise Unsuitable(
            "browsers do not play this video as it is; ask for a stretch of it with start and end"
        )
    if not 0 < round(end_seconds - start_seconds, 3) <= MAX_STRETCH_SECONDS:
        raise Unsuitable(
            f"a stretch lasts up to {MAX_STRETCH_SECONDS:g} seconds, and ends after it starts; "
            f"{start_seconds:g} to {end_seconds:g} does not"
        )
    return start_seconds, end_seconds
