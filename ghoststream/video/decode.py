"""Reads a video: frames with exact times, and a count of what could not be had.

with open_file(Path("clip.mp4")) as video:
    for frame in video.frames():
        print(frame.time, frame.rgb((224, 224)).shape)
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.cores import available_cores
from ghoststream.errors import NoFrames
from ghoststream.types import Counts, Frame, Outline, Sample, Sampling, StreamInfo
from ghoststream.video.access import Access, file_access
from ghoststream.video.bitstream import RoleReader, role_reader
from ghoststream.video.container import (
    DAMAGE,
    frame_of,
    open_container,
    opened_for_lane,
    prepare_decoder,
    prepare_for_lane,
)
from ghoststream.video.demux import demuxed
from ghoststream.video.errors import translated
from ghoststream.video.lanes import side_by_side
from ghoststream.video.ledger import Ledger
from ghoststream.video.picture import Converter, pixel_aspect
from ghoststream.video.plan import Damaged, Step, Unplannable, coded_pictures, groups, plan
from ghoststream.video.probe import (
    carries_pts,
    describe,
    is_duration_of_video,
    is_raw,
    rate_of,
    time_base_of,
    video_stream,
)
from ghoststream.video.sample import Prepare, samples_of
from ghoststream.video.timestamps import Timestamps

MAX_LANES = 16
MAX_REMOTE_LANES = 2
"""Each one opens the source anew."""
LOOK_AHEAD_STEPS = 4
"""That show whether there is anything to decode side by side."""


def open_file(path: Path, *, threads: int = 0, is_repeatable: bool = False) -> Video:
    """Opens a file of this machine.

    Args:
        path: to it.
        threads: of the decoder; 0 takes as many as there are cores.
        is_repeatable: as for `Video`.

    Raises:
        SourceError: one of its kinds, see `ghoststream.errors`.
    """
    return Video(file_access(path), threads=threads, is_repeatable=is_repeatable)


class Video:
    """An open video: `info` about it, its `frames()`, and `counts` of what was met so far.

    A frame that the decoder itself calls damaged is counted in `counts.decode_errors` and not
    handed on: what it shows in the damaged part was never seen by a camera. A frame whose time
    does not come after that of the frame before is counted in `counts.dropped`.

    Args:
        access: what to open and how, see `ghoststream.video.access`.
        threads: of the decoder; 0 takes as many as there are cores.
        is_repeatable: gives the same whatever `threads` is, of damaged files, too: what is decoded
            in full is decoded in one thread, since several mend damage in no certain way.

    Raises:
        SourceError: one of its kinds.
    """

    def __init__(self, access: Access, *, threads: int = 0, is_repeatable: bool = False) -> None:
        self.counts = Counts()
        self._access, self._threads = access, threads
        self._decoder_threads = 1 if is_repeatable else threads
        self._interrupted = threading.Event()
        # FFmpeg must not be closed in one thread while another reads.
        self._lock = threading.Lock()
        self._closed = False
        self._info: StreamInfo | None = None
        self._container = open_container(access)
        try:
            self._stream = video_stream(self._container, access.name)
            prepare_decoder(self._container, self._stream, access, self._decoder_threads)
        except BaseException:
            self._container.close()
            raise
        self._time_base = time_base_of(self._stream)
        self._frame_of = partial(
            frame_of,
            time_base=self._time_base,
            converter=Converter(),
            sample_aspect_ratio=pixel_aspect(self._stream.sample_aspect_ratio),
        )
        self._rate = rate_of(self._container, self._stream)
        self._timestamps = Timestamps(
            time_base=self._time_base,
            rate=self._rate,
            has_pts=carries_pts(self._container),
            has_times=not is_raw(self._container),
        )
        self._ledger = Ledger(self._stream.codec_context.codec.canonical_name)
        self._last: Frame | None = None
        self._end: Fraction | None = None
        self._remaining = self._decoded_frames()

    @property
    def info(self) -> StreamInfo:
        """What the container declares and the first frame shows; decodes that frame."""
        if self._info is None:
            first = next(self._remaining, None)
            if first is not None:
                self._remaining = chain([first], self._remaining)
        if self._info is None:
            with self._lock:
                self._info = describe(self._container, self._stream, self._access)
        return self._info

    @property
    def declared_duration(self) -> Fraction | None:
        """What the container declares, in seconds; decodes nothing."""
        with self._lock:
            return describe(self._container, self._stream, self._access).duration

    def frames(self) -> Iterator[Frame]:
        """Frames in order of time, each once; the video is read once.

        Raises:
            NoFrames: at the end, where not one picture could be decoded.
            SourceError: where the source breaks down half-way.
        """
        for frame in self._remaining:
            if self._interrupted.is_set():
                return
            self.counts.frames += 1
            yield frame
        self._finish()

    def samples(self, sampling: Sampling, prepare: Prepare) -> Iterator[Sample]:
        """What `sampling` picks, made ready; decodes no more than that needs, on all cores.

        The samples are those that `sampling(video.frames())` gives. Where headers cannot say for
        sure what those are, or decoding shows otherwise, everything is decoded, and
        `counts.skipped` stays 0. To be called instead of `frames()`.

        Args:
            sampling: which frames.
            prepare: makes of a frame what is kept of it; called in several threads.

        Raises:
            NoFrames, SourceError: as `frames()`.
        """
        role_of = self._role_reader()
        if role_of is None or self._info is not None:  # the first frame has been taken out already
            yield from samples_of(self.frames(), sampling, prepare)
            return
        given = 0
        try:
            for sample in self._planned_samples(sampling, prepare, role_of):
                given += 1
                yield sample
        except Damaged:
            # Threads over whole frames mend damage now with one picture, now with another.
            yield from self._rest_of_full_decode(sampling, prepare, given, threads=1)
        except Unplannable:
            yield from self._rest_of_full_decode(sampling, prepare, given, self._decoder_threads)

    def outline(self, sampling: Sampling, on_step: Callable[[], None]) -> Outline | None:
        """What `samples` will come to; reads all packets, and decodes none.

        Args:
            sampling: which frames.
            on_step: called for each group of pictures.

        Returns:
            None where packet headers do not say it for sure.

        Raises:
            SourceError: the source breaks down.
        """
        role_of = self._role_reader()
        if role_of is None:
            return None
        pictures = coded_pictures(self._undamaged_packets(), role_of, self._time_base)
        samples = skipped = 0
        try:
            for step in plan(groups(pictures), sampling.sampler()):
                samples += sum(expected.is_wanted for expected in step.expected)
                skipped += step.extent.skipped
                on_step()
        except Unplannable:
            return None
        return Outline(samples=samples, skipped=skipped)

    def interrupt(self) -> None:
        """Ends `frames()` before its next frame; may be called from another thread.

        A read that waits for the network ends with its time-out at the latest.
        """
        self._interrupted.set()

    def close(self) -> None:
        """Lets go of the source; waits for a read that is under way."""
        self.interrupt()
        with self._lock:
            if not self._closed:
                self._closed = True
                self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _role_reader(self) -> RoleReader | None:
        """None where packets do not say when their pictures are shown, or do not wait for us."""
        if self._access.is_live or is_raw(self._container) or not carries_pts(self._container):
            return None
        context = self._stream.codec_context
        return role_reader(context.codec.canonical_name, context.extradata or b"")

    def _planned_samples(
        self, sampling: Sampling, prepare: Prepare, role_of: RoleReader
    ) -> Iterator[Sample]:
        prepare_for_lane(self._stream)
        most = MAX_REMOTE_LANES if self._access.is_remote else MAX_LANES
        lanes = min(self._threads or available_cores(), most)
        outputs = side_by_side(
            self._steps(sampling, role_of),
            self._stream,
            open_stream=partial(opened_for_lane, self._access),
            prepare=prepare,
            on_first=self._describe,
            lanes=lanes,
            stop=self._interrupted,
        )
        for output in outputs:
            if isinstance(output, Sample):
                yield output
            else:
                self._end = output.end
                self.counts.frames += output.shown
                self.counts.skipped += output.skipped
        self._finish()

    def _steps(self, sampling: Sampling, role_of: RoleReader) -> Iterator[Step]:
        pictures = coded_pictures(self._undamaged_packets(), role_of, self._time_base)
        steps = plan(groups(pictures), sampling.sampler())
        first = list(islice(steps, LOOK_AHEAD_STEPS))
        if len(first) > 1 and all(step.continues for step in first[:-1]):
            # Nothing to decode side by side; threads over whole frames are faster. With one core
            # they are not, but what is skipped must not depend on the number of cores.
            raise Unplannable
        yield from first
        yield from steps

    def _undamaged_packets(self) -> Iterator[Packet[VideoStream]]:
        for packet in self._packets():
            if self.counts.decode_errors:
                raise Damaged
            if packet is not None:
                yield packet

    def _rest_of_full_decode(
        self, sampling: Sampling, prepare: Prepare, given: int, threads: int
    ) -> Iterator[Sample]:
        """From the start once more: what decoding gives here, nothing less can tell for sure."""
        with Video(self._access, threads=threads) as video:
            video._interrupted = self._interrupted
            frames = video.frames()
            first = list(islice(frames, 1))
            # Not before: a stream that counts no frame looks as if it had not begun.
            self.counts = video.counts
            for frame in islice(sampling(chain(first, frames)), given, None):
                self._info = video.info
                yield Sample(span=frame.span, pixels=prepare(frame))

    def _decoded_frames(self) -> Iterator[Frame]:
        decoded = chain.from_iterable(map(self._decode, self._packets()))
        for pts, av_frame in self._timestamps.timed(decoded):
            frame = self._frame(av_frame, pts)
            if frame is not None:
                yield frame
        if not self._interrupted.is_set():
            self.counts.decode_errors += self._ledger.unreported

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Packets that hold data, and None at the end, which empties the decoder."""
        yield from demuxed(
            self._container,
            self._stream,
            self._access,
            lock=self._lock,
            stop=self._interrupted,
            on_damage=self._count_damage,
        )
        if not self._interrupted.is_set():
            yield None

    def _count_damage(self) -> None:
        self.counts.decode_errors += 1

    def _reading(self) -> AbstractContextManager[None]:
        return translated(
            self._access.name,
            remote=self._access.is_remote,
            timeout_seconds=self._access.read_timeout_seconds,
        )

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        if packet is not None:
            self._timestamps.feed(packet)
            self._ledger.feed(packet)
        try:
            with self._lock, self._reading():
                return self._decode_packet(packet)
        except _Damaged:
            self.counts.decode_errors += 1
            self._ledger.reported_lost()
            if packet is not None:
                self._timestamps.lost(packet)
            return []

    def _decode_packet(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        if self._closed:
            return []
        try:
            return self._stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except DAMAGE as error:
            raise _Damaged from error

    def _frame(self, decoded: VideoFrame, pts: int) -> Frame | None:
        """None for what is damaged or out of order."""
        self._ledger.came_out(decoded)
        if decoded.is_corrupt:
            self.counts.decode_errors += 1
            return None
        if self._last is not None and pts <= self._last.pts:
            self.counts.dropped += 1
            return None
        if self._info is None:
            self._describe(decoded, pts)
        self._last = self._frame_of(decoded, pts)
        self._end = self._last.span.end
        return self._last

    def _describe(self, first: VideoFrame, pts: int) -> None:
        start_time = pts * self._time_base
        with self._lock:
            self._info = describe(
                self._container, self._stream, self._access, first=first, start_time=start_time
            )

    def _finish(self) -> None:
        """Says what only the end shows."""
        if self._interrupted.is_set():
            return
        self.counts.decode_errors += self._is_cut_short()
        if not self.counts.frames:
            raise NoFrames(
                f"{self._access.name}: not one picture could be decoded "
                f"({self.counts.decode_errors} errors); is the file whole?"
            )

    def _is_cut_short(self) -> bool:
        """Whether frames end well before the declared duration, as in a copy that broke off."""
        if self._access.is_live or self._end is None or not self._info:
            return False
        if self._closed or not is_duration_of_video(self._container, self._stream):
            return False
        declared, start = self._info.duration, self._info.start_time
        if declared is None or start is None:
            return False
        missing = declared - (self._end - start)
        return missing > max(3 / self._rate, declared / 50)


class _Damaged(Exception):
    """One packet could not be decoded."""
