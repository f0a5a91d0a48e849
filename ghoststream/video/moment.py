"""Single moments and stretches of a video, exactly as a full decode gives them.

frame = frame_at(Path("clip.mp4"), 12.5)
over_stretch(Path("clip.mp4"), 10, 15, write)
samples = samples_between(Path("clip.mp4"), 10, 15, sampling=AtFps(rate=4), prepare=prepare)

Times are seconds on the video's own clock, and floats: a frame's time, printed and read back, must
still be that of the frame.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, dropwhile, takewhile
from pathlib import Path
from typing import TypeVar

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.errors import ConfigError
from ghoststream.types import Frame, Moment, Sample, Sampler, Sampling, Timed
from ghoststream.video.access import Access, file_access
from ghoststream.video.bitstream import RoleReader, role_reader
from ghoststream.video.container import DAMAGE, frame_of, opened_for_lane
from ghoststream.video.decode import Video
from ghoststream.video.errors import translated
from ghoststream.video.picture import Converter, pixel_aspect
from ghoststream.video.plan import CodedPicture, Unplannable, coded_pictures
from ghoststream.video.probe import DEFAULT_RATE, carries_pts, is_raw, time_base_of
from ghoststream.video.sample import Prepare

Made = TypeVar("Made")

LOOK_BACK_SECONDS = (0, 5, 30)
"""Some containers cannot seek to an entry; then another try begins so much earlier."""


def frame_at(video: Path, seconds: float, *, name: str | None = None) -> Frame:
    """The frame that is shown at a time: the last one that does not come after it.

    Decodes from the nearest place where decoding can begin, and from the start of the video where
    headers do not show such a place, or something is damaged.

    Args:
        video: a file.
        seconds: on its own clock.
        name: of the video, for messages.

    Raises:
        ConfigError: the video begins later, or has ended by then.
        SourceError: the video cannot be read.

    Example:
        >>> frame_at(Path("clip.mp4"), 12.5).time
        Fraction(312, 25)
    """
    access = file_access(video, name)
    for earlier in LOOK_BACK_SECONDS:
        with suppress(Unplannable), closing(_from_entry(access, seconds, earlier)) as frames:
            return _shown_at(frames, seconds, access.name)
    with Video(access) as opened, closing(_all(opened)) as frames:
        return _shown_at(frames, seconds, access.name)


def over_stretch(
    video: Path,
    start_seconds: float,
    end_seconds: float,
    use: Callable[[Iterable[Frame]], Made],
    *,
    name: str | None = None,
) -> Made:
    """Hands on the frames that are shown within a span: the first may have begun before it.

    Decodes as `frame_at` does. Where it shows only later that a place to begin at was none, `use`
    is called again with all of the frames, so what it has made before must not count.

    Args:
        video: a file.
        start_seconds: of the span, on the video's own clock.
        end_seconds: of the span; a frame at this time is not in it.
        use: makes something of the frames, one at a time.
        name: of the video, for messages.

    Raises:
        ConfigError: the video has no frame before the end of the span.
        SourceError: the video cannot be read.
    """
    access = file_access(video, name)
    span = (start_seconds, end_seconds)
    for earlier in LOOK_BACK_SECONDS:
        with (
            suppress(Unplannable),
            closing(_from_entry(access, start_seconds, earlier)) as frames,
        ):
            return use(_shown_within(frames, *span, access.name))
    with Video(access) as opened, closing(_all(opened)) as frames:
        return use(_shown_within(frames, *span, access.name))


def samples_between(
    video: Path,
    start_seconds: float,
    end_seconds: float,
    *,
    sampling: Sampling,
    prepare: Prepare,
    name: str | None = None,
) -> list[Sample]:
    """What sampling the whole video picks within a span, made ready.

    Args:
        video: a file.
        start_seconds: of the span, on the video's own clock.
        end_seconds: of the span; a frame at this time is not in it.
        sampling: which frames.
        prepare: makes of a frame what is kept of it.
        name: of the video, for messages.

    Returns:
        At least one.

    Raises:
        ConfigError: the span lies before the start or past the end, or nothing in it is picked.
        SourceError: the video cannot be read.
    """
    access = file_access(video, name)
    late = _NotBefore(sampling=sampling, start_seconds=start_seconds)
    with Video(access) as opened, closing(_samples(opened, late, prepare)) as samples:
        picked = list(takewhile(lambda sample: float(sample.span.start) < end_seconds, samples))
    if not picked:
        frame_at(video, start_seconds, name=name)  # says so where the video is not there at all
        raise ConfigError(
            f"{access.name}: nothing between {start_seconds:g} and {end_seconds:g} s is looked at "
            f"({sampling.describe()}); give a longer span"
        )
    return picked


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotBefore:
    """A sampling of the whole, of which the beginning is not wanted."""

    sampling: Sampling
    start_seconds: float

    def sampler(self) -> Sampler:
        return _LateSampler(sampler=self.sampling.sampler(), start_seconds=self.start_seconds)

    def __call__(self, moments: Iterable[Timed]) -> Iterator[Timed]:
        return filter(self.sampler().wants, moments)

    def describe(self) -> str:
        return f"{self.sampling.describe()} from {self.start_seconds:g} s on"


@dataclass(frozen=True, slots=True, kw_only=True)
class _LateSampler:
    sampler: Sampler
    start_seconds: float

    @property
    def is_counting(self) -> bool:
        return self.sampler.is_counting

    def wants(self, moment: Moment) -> bool:
        # Asked in any case, because it remembers how far it is.
        return self.sampler.wants(moment) and float(moment.time) >= self.start_seconds


def _shown_at(frames: Iterable[Frame], seconds: float, name: str) -> Frame:
    shown: Frame | None = None
    for frame in frames:
        if float(frame.time) > seconds:
            break
        shown = frame
    else:
        if shown is not None and seconds >= (end := _end_seconds(shown)):
            raise ConfigError(f"{name} ends at {end:g} s; {seconds:g} s is past that")
    if shown is None:
        raise ConfigError(f"{name} begins at {float(frame.time):g} s; {seconds:g} s is before that")
    return shown


def _shown_within(
    frames: Iterable[Frame], start_seconds: float, end_seconds: float, name: str
) -> Iterator[Frame]:
    shown: Frame | None = None
    for frame in takewhile(lambda frame: float(frame.time) < end_seconds, frames):
        if shown is not None and float(frame.time) > start_seconds:
            yield shown
        shown = frame
    if shown is None:
        raise ConfigError(f"{name} begins after {end_seconds:g} s; give a later stretch")
    yield shown


def _end_seconds(last: Frame) -> float:
    # A last frame that does not say how long it is shown is shown for a moment all the same.
    return float(last.span.end if last.duration else last.time + 1 / DEFAULT_RATE)


def _all(video: Video) -> Generator[Frame, None, None]:
    yield from video.frames()


def _samples(video: Video, sampling: Sampling, prepare: Prepare) -> Generator[Sample, None, None]:
    yield from video.samples(sampling, prepare)


def _from_entry(access: Access, seconds: float, earlier: float) -> Generator[Frame, None, None]:
    """Frames from an entry at or before a time on.

    Raises:
        Unplannable: there is none to be found, or what follows is not whole.
    """
    with opened_for_lane(access) as stream, _damage_is_unplannable(access):
        role_of = _role_reader(stream)
        packets = _packets_from(stream, seconds - earlier)
        pictures = coded_pictures(packets, role_of, time_base_of(stream))
        pictures = dropwhile(lambda picture: picture.role.entry is None, pictures)
        entry = next(pictures, None)
        if entry is None or float(entry.time) > seconds:
            raise Unplannable
        yield from _rising(_frames(stream, chain([entry], pictures)), entry)


def _role_reader(stream: VideoStream) -> RoleReader:
    container = stream.container
    assert isinstance(container, InputContainer)
    if is_raw(container) or not carries_pts(container):
        raise Unplannable
    context = stream.codec_context
    role_of = role_reader(context.codec.canonical_name, context.extradata or b"")
    if role_of is None:
        raise Unplannable
    return role_of


def _packets_from(stream: VideoStream, seconds: float) -> Iterator[Packet[VideoStream]]:
    container = stream.container
    assert isinstance(container, InputContainer)
    try:
        container.seek(math.floor(Fraction(seconds) / time_base_of(stream)), stream=stream)
    except av.error.FFmpegError as error:  # not every container can
        raise Unplannable from error
    for packet in container.demux(stream):
        if packet.size:
            yield packet


def _frames(stream: VideoStream, pictures: Iterable[CodedPicture]) -> Iterator[Frame]:
    make = partial(
        frame_of,
        time_base=time_base_of(stream),
        converter=Converter(),
        sample_aspect_ratio=pixel_aspect(stream.sample_aspect_ratio),
    )
    for decoded in _decoded(stream, pictures):
        if decoded.is_corrupt or decoded.pts is None:
            raise Unplannable
        yield make(decoded, decoded.pts)


def _decoded(stream: VideoStream, pictures: Iterable[CodedPicture]) -> Iterator[VideoFrame]:
    for picture in pictures:
        yield from stream.codec_context.decode(picture.packet)
    with suppress(av.error.EOFError):
        yield from stream.codec_context.decode(None)


def _rising(frames: Iterable[Frame], entry: CodedPicture) -> Iterator[Frame]:
    """Without those that lead the entry, which refer to what was not decoded."""
    last = entry.pts - 1
    for frame in dropwhile(lambda frame: frame.pts < entry.pts, frames):
        if frame.pts <= last or (last < entry.pts < frame.pts):
            raise Unplannable
        last = frame.pts
        yield frame


@contextmanager
def _damage_is_unplannable(access: Access) -> Iterator[None]:
    with translated(access.name, remote=access.is_remote):
        try:
            yield
        except DAMAGE as error:
            raise Unplannable from error
