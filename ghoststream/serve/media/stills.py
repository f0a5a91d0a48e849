"""A moment of a video as a picture; runs in the worker."""

from pathlib import Path

from ghoststream.serve.media.file import MediaFile
from ghoststream.sinks.atomic import output_errors
from ghoststream.video.jpeg import jpeg_of
from ghoststream.video.moment import frame_at

SIDES = (160, 320, 640, 1280)
"""Pixels of the longer side: a few, so that few are made."""


def draw_still(file: MediaFile, path: Path, seconds: float, side: int) -> None:
    """Writes what is shown at a time as JPEG.

    Args:
        file: a video.
        path: to write.
        seconds: on the video's own clock.
        side: pixels of the longer side; smaller pictures are not enlarged.

    Raises:
        ConfigError: the video has no such time.
        SourceError: it cannot be read.
        OutputError: the picture cannot be written.
    """
    jpeg = jpeg_of(frame_at(file.path, seconds, name=file.name), max_side=side)
    with output_errors(path):
        path.write_bytes(jpeg)
