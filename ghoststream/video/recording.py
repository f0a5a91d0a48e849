"""Writes packets of a live stream to a file: nothing is decoded or coded anew.

template = template_of(stream)
recording = Recording(Path("door.partial" + ending_for(template)), template)
for packet in ring.since(time):
    recording.add(packet)
recording.close()
recording.span  # Unix seconds
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from av import open as open_output
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from ghoststream.errors import OutputError, SourceError
from ghoststream.types import TimeSpan
from ghoststream.video.access import file_access
from ghoststream.video.container import open_container
from ghoststream.video.probe import video_stream
from ghoststream.video.ring import LivePacket, detached
from ghoststream.video.template import Template

MP4, MKV = ".mp4", ".mkv"
MP4_CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4")
"""That players expect in MP4; Matroska takes everything."""
RAW = "rawvideo"
FORMATS = {MP4: "mp4", MKV: "matroska"}

OPTIONS = {
    MP4: {
        # Fragments while it is being written, so that a killed process leaves a file that plays,
        # and an ordinary file once it is closed. The index of the first fragment waits for its end:
        # only then is it known by how much B-frames would move the first picture away from zero.
        "movflags": "hybrid_fragmented+frag_keyframe+delay_moov",
        # In microseconds: as much is lost at most, however far keyframes are apart.
        "frag_duration": "2000000",
        "flush_packets": "1",
    },
    MKV: {"flush_packets": "1", "allow_raw_vfw": "1"},
}


class Recording:
    """A file that is being written; its times count from 0 at its first packet, a keyframe.

    Until it is closed, the file plays as far as it has come. Pictures that are shown before the
    first keyframe, though they come after it, lack what they are predicted from and are left out.

    Args:
        path: to write, with the ending that `ending_for` gives; replaced if it is there.
        template: of the stream whose packets they are.
    """

    def __init__(self, path: Path, template: Template) -> None:
        self._path = path
        # `file:` keeps a colon in the name from being read as a protocol.
        self._container = open_output(
            f"file:{path}", "w", format=FORMATS[path.suffix], options=OPTIONS[path.suffix]
        )
        with self._errors():
            self._track = self._container.add_stream_from_template(template, opaque=True)
        if template.codec_context.name == RAW:
            # Its tag is all that says how the pixels lie; those of other codecs do not matter.
            self._track.codec_context.codec_tag = template.codec_context.codec_tag
        self._zero: int | None = None
        self._last_dts: int | None = None
        self._start = self._end = Fraction(0)

    @property
    def span(self) -> TimeSpan:
        """From the first picture to the end of the last one, in Unix seconds."""
        return TimeSpan(start=self._start, end=self._end)

    def add(self, packet: LivePacket) -> None:
        """Writes the next packet, in the order of decoding.

        Raises:
            OSError: the system does not take it.
            OutputError: the container does not.
        """
        if self._zero is None:
            self._zero = self._begin(packet)
        if packet.pts < self._zero:
            return
        copy = self._ordered(detached(packet, zero=self._zero))
        self._end = max(self._end, packet.time + (copy.duration or 0) * packet.time_base)
        copy.stream = self._track
        with self._errors():
            self._container.mux(copy)

    def close(self) -> None:
        """Ends the file.

        Raises:
            OSError, OutputError: as `add`.
        """
        with self._errors():
            self._container.close()

    def discard(self) -> None:
        """Lets go of the file, which somebody else removes."""
        # Closing writes the index, for which a full disk has no room.
        with suppress(FFmpegError):
            self._container.close()

    def _begin(self, first: LivePacket) -> int:
        self._start = self._end = first.time
        self._track.time_base = first.time_base
        begun = datetime.fromtimestamp(float(first.time), UTC)
        self._container.metadata["creation_time"] = begun.isoformat()
        return first.pts

    def _ordered(self, copy: Packet[VideoStream]) -> Packet[VideoStream]:
        """Muxers refuse times of decoding that do not rise, and pictures shown before theirs."""
        dts, pts = copy.dts or 0, copy.pts or 0
        if self._last_dts is not None:
            dts = max(dts, self._last_dts + 1)
        copy.dts, copy.pts, self._last_dts = dts, max(pts, dts), dts
        return copy

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            raise
        except (FFmpegError, ValueError) as error:
            ending = self._path.suffix
            raise OutputError(
                f"cannot write {self._path}: these packets do not go into {ending}: "
                f"{getattr(error, 'strerror', None) or error}"
            ) from error


def ending_for(template: Template) -> str:
    """The ending of a recording's name, which picks its container.

    Example:
        >>> ending_for(template_of(container.streams.video[0]))
        '.mp4'
    """
    return MP4 if template.codec_context.codec.canonical_name in MP4_CODECS else MKV


def is_playable(path: Path) -> bool:
    """Whether a file, which may have broken off, holds at least one picture to begin with.

    Nothing is decoded: who asks is the process that no camera may take down.
    """
    try:
        access = file_access(path)
        with open_container(access) as container:
            first = next(container.demux(video_stream(container, access.name)))
            return bool(first.size) and first.is_keyframe
    except (SourceError, FFmpegError):
        return False
