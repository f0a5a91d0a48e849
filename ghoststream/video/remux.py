"""Cuts a stretch out of a video, packet by packet: nothing is decoded or coded anew.

suffix = suffix_for(Path("long.mkv"))
cut = remux(Path("long.mkv"), Path("cut" + suffix), start_seconds=61, end_seconds=70)
cut.start_seconds  # 60.0, where the keyframe before it lies
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ghoststream.errors import ConfigError
from ghoststream.video.access import file_access
from ghoststream.video.container import open_container
from ghoststream.video.errors import translated
from ghoststream.video.probe import is_raw, time_base_of, video_stream

MKV = ".mkv"
SUFFIXES = {
    "mov,mp4,m4a,3gp,3g2,mj2": ".mp4",
    "mpegts": ".ts",
    "avi": ".avi",
    "matroska,webm": MKV,
}
"""Containers that are kept; what is in another goes into Matroska, which takes everything."""

LOOK_BACK_SECONDS = (0, 5, 30)
"""Some containers cannot seek to a keyframe; then another try begins so much earlier."""

INTERLEAVING_SECONDS = 1
"""Sound may lie so far behind the pictures that it belongs to."""

AnyPacket: TypeAlias = "Packet[Any]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was written, in seconds on the clock of the video that it was cut out of."""

    start_seconds: float
    """Of the keyframe with which it begins."""
    end_seconds: float


def suffix_for(video: Path) -> str:
    """The ending of a cut's name: that of the container that it is written into.

    Raises:
        ConfigError: the stream carries no times to cut at.
        SourceError: the video cannot be read.
    """
    access = file_access(video)
    with open_container(access) as source:
        if is_raw(source):
            raise ConfigError(f"{video} carries no times to cut at; take the whole of it")
        return SUFFIXES.get(source.format.name, MKV)


def remux(video: Path, path: Path, *, start_seconds: float, end_seconds: float) -> Cut:
    """Copies pictures and sound of a span, from the keyframe at or before its start.

    Sound is left out where the container of the copy does not take its codec.

    Args:
        video: a file whose stream carries times.
        path: to write, with the ending that `suffix_for` gives; replaced if it is there.
        start_seconds: on the video's own clock.
        end_seconds: likewise; the copy ends with the last picture before it.

    Raises:
        ConfigError: the video has ended before the start of the span.
        SourceError: the video cannot be read.
        OSError: the copy cannot be written; PyAV's own errors are kinds of it.
    """
    for seek in (*(start_seconds - earlier for earlier in LOOK_BACK_SECONDS), None):
        cut = _cut(video, path, start_seconds, end_seconds, seek)
        if cut is not None and cut.end_seconds > start_seconds:
            return cut
    raise ConfigError(
        f"{video} shows nothing between {start_seconds:g} and {end_seconds:g} s that could be cut "
        "out from a keyframe on"
    )


def _cut(
    video: Path, path: Path, start_seconds: float, end_seconds: float, seek_seconds: float | None
) -> Cut | None:
    """None where no keyframe is found at or before the start."""
    access = file_access(video)
    with open_container(access) as source:
        pictures = video_stream(source, access.name)
        if seek_seconds is not None and not _has_sought(source, pictures, seek_seconds):
            return None
        packets = _packets(source, pictures, access.name)
        beginning = _from_keyframe(packets, pictures, start_seconds)
        if not beginning:
            return None
        wanted = _within(chain(beginning, packets), pictures, end_seconds)
        return _written(path, pictures, wanted)


def _has_sought(source: InputContainer, stream: VideoStream, seconds: float) -> bool:
    try:
        source.seek(math.floor(Fraction(seconds) / time_base_of(stream)), stream=stream)
    except av.error.FFmpegError:
        return False
    return True


def _packets(source: InputContainer, pictures: VideoStream, name: str) -> Iterator[AnyPacket]:
    """Of pictures and sound, as far as they have a time."""
    with translated(name, remote=False):
        for packet in source.demux(pictures, *source.streams.audio):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                yield packet


def _from_keyframe(
    packets: Iterator[AnyPacket], pictures: VideoStream, start_seconds: float
) -> list[AnyPacket]:
    """From the last keyframe that does not come after the start, until it is known to be that."""
    held: list[AnyPacket] = []
    for packet in packets:
        is_picture = packet.stream is pictures
        if is_picture and packet.is_keyframe and _seconds(packet) <= start_seconds:
            held = [packet]
        elif held:
            held.append(packet)
        if is_picture and _decoding_seconds(packet) > start_seconds:
            break
    return held


def _within(
    packets: Iterable[AnyPacket], pictures: VideoStream, end_seconds: float
) -> Iterator[AnyPacket]:
    """Without pictures that lead the keyframe, and those at the end that nobody needs."""
    late: list[AnyPacket] = []
    first: float | None = None
    for packet in packets:
        time = _seconds(packet)
        first = time if first is None else first
        if packet.stream is not pictures:
            if first <= time < end_seconds:
                yield packet
            continue
        if _decoding_seconds(packet) >= end_seconds + INTERLEAVING_SECONDS:
            return
        if time >= end_seconds:
            late.append(packet)
        elif time >= first:
            # It may be predicted from what is shown later.
            yield from [*late, packet]
            late = []


def _written(path: Path, pictures: VideoStream, packets: Iterator[AnyPacket]) -> Cut:
    # Each cut begins at zero, as players expect it.
    times: list[tuple[float, float]] = []
    with av.open(f"file:{path}", "w", options={"avoid_negative_ts": "make_zero"}) as copy:
        tracks = _tracks(copy, pictures)
        for packet in packets:
            if packet.stream is pictures:
                times.append((_seconds(packet), _end_seconds(packet)))
            track = tracks.get(packet.stream.index)
            if track is not None:
                packet.stream = track
                copy.mux(packet)
    return Cut(start_seconds=times[0][0], end_seconds=max(end for _, end in times))


def _tracks(copy: OutputContainer, pictures: VideoStream) -> dict[int, Stream]:
    source = pictures.container
    sound = [s for s in source.streams.audio if s.codec_context.name in copy.supported_codecs]
    return {s.index: copy.add_stream_from_template(s) for s in (pictures, *sound)}


def _seconds(packet: AnyPacket) -> float:
    """When it is shown; AVI says only when it is decoded."""
    return float(_first_known(packet.pts, packet.dts) * packet.time_base)


def _decoding_seconds(packet: AnyPacket) -> float:
    return float(_first_known(packet.dts, packet.pts) * packet.time_base)


def _end_seconds(packet: AnyPacket) -> float:
    ticks = _first_known(packet.pts, packet.dts) + (packet.duration or 0)
    return float(ticks * packet.time_base)


def _first_known(*ticks: int | None) -> int:
    return next(number for number in ticks if number is not None)
