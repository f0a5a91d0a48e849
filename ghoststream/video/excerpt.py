"""Copies the start of a video, packet by packet: nothing is decoded or coded anew.

write_excerpt(Path("long.mp4"), Path("/tmp"), seconds=30)  # /tmp/long.mp4
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from ghoststream.errors import ConfigError
from ghoststream.video.access import file_access
from ghoststream.video.errors import translated
from ghoststream.video.probe import is_raw, time_base_of, video_stream

_SUFFIXES = {"mov,mp4,m4a,3gp,3g2,mj2": ".mp4", "mpegts": ".ts", "avi": ".avi"}
"""Containers that are kept; what is in another goes into Matroska, which takes everything."""

MAX_EXCESS = 2
"""The excerpt is at most so many times as long as asked for."""


def write_excerpt(video: Path, folder: Path, *, seconds: float) -> Path:
    """Copies the video stream's packets up to a time.

    Args:
        video: a file whose stream carries times.
        folder: the copy gets the video's name there, with the ending of its container.
        seconds: from the first packet on, in decoding order; the copy goes on to the next keyframe,
            unless that is far.

    Returns:
        The path of the copy.

    Raises:
        ConfigError: the stream carries no times, or the copy would replace the video.
        SourceError: the video cannot be read.
    """
    access = file_access(video)
    with (
        translated(access.name, remote=False),
        av.open(access.address, options=dict(access.options), metadata_errors="replace") as source,
    ):
        stream = video_stream(source, access.name)
        if is_raw(source):
            raise ConfigError(f"{video} carries no times to cut at; take the whole of it")
        path = folder / f"{video.stem}{_SUFFIXES.get(source.format.name, '.mkv')}"
        if path.exists() and path.samefile(video):
            raise ConfigError(f"the excerpt would replace {video}; choose another folder")
        with av.open(str(path), "w") as copy:
            track = copy.add_stream_from_template(stream)
            for packet in _until(source.demux(stream), seconds, time_base_of(stream)):
                packet.stream = track
                copy.mux(packet)
    return path


def _until(
    packets: Iterator[Packet[VideoStream]], seconds: float, time_base: Fraction
) -> Iterator[Packet[VideoStream]]:
    start: Fraction | None = None
    for packet in packets:
        ticks = packet.pts if packet.dts is None else packet.dts
        if ticks is None or not packet.size:
            continue
        time = ticks * time_base
        start = time if start is None else start
        elapsed = time - start
        # At a keyframe, so that no picture lacks what it is predicted from.
        if elapsed >= seconds and (packet.is_keyframe or elapsed >= MAX_EXCESS * seconds):
            return
        yield packet
