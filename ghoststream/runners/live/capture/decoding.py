"""From packets to what the network looks at: the decoder's side of a capture process."""

import time
from collections.abc import Callable
from functools import partial
from typing import cast

from ghoststream.runners.live.capture.backlog import Backlog
from ghoststream.runners.live.capture.showing import Showing
from ghoststream.runners.live.messages import Begun, CaptureSpec, Preview, Sampled
from ghoststream.types import Counts, Frame, Pixels, Region, SegmentCause
from ghoststream.video.crop import cropped
from ghoststream.video.lazy import SampledDecoder
from ghoststream.video.live import LiveReader, TimedPacket
from ghoststream.video.picture import AvPicture

MAX_ARRIVALS = 256
"""Packets that a decoder may hold back before their pictures come out; far more than any does."""


class Decoding:
    """Decodes what the sampling wants, in a thread of its own.

    Args:
        spec: what is wanted, and in which form.
        reader: whose packets these are.
        tell: takes the beginnings of segments, samples and previews.
    """

    def __init__(
        self,
        spec: CaptureSpec,
        reader: LiveReader,
        tell: Callable[[Begun | Sampled | Preview], None],
    ) -> None:
        self.backlog: Backlog[TimedPacket] = Backlog()
        """Takes the packets, and is closed after the last."""
        self.showing = Showing()
        """Is told where somebody looks on."""
        self._spec, self._reader, self._tell = spec, reader, tell
        self._decoder = SampledDecoder(reader, spec.sampling.sampler())
        self._busy_since: float | None = None
        self._arrivals: dict[int, float] = {}
        self._segment: int | None = None
        self._beginnings: list[tuple[int, SegmentCause]] = []
        """Segments of which no sample has come yet: pts of the first packet, and why it began."""

    @property
    def counts(self) -> Counts:
        return self._decoder.counts + Counts(overrun=self.backlog.given_up)

    @property
    def busy_seconds(self) -> float:
        """Since the decoder took the packet that it is at; 0 while it waits for one."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Until the backlog is closed and empty.

        Raises:
            SourceError: this stream can no longer be decoded as it began.
        """
        for following in self.backlog:
            if following.is_after_gap:
                self._decoder.skip_to_keyframe()
            self._note(following.packet)
            for frame in self._timed(partial(self._decoder.feed, following.packet)):
                self._see(frame)
        for frame in self._timed(self._decoder.finish):
            self._see(frame)

    def _timed(self, decode: Callable[[], list[Frame]]) -> list[Frame]:
        self._busy_since = time.monotonic()
        try:
            return decode()
        finally:
            self._busy_since = None

    def _note(self, packet: TimedPacket) -> None:
        if packet.segment != self._segment:
            first_pts = packet.pts if self._segment is not None else 0
            self._segment = packet.segment
            self._beginnings.append((first_pts, packet.cause))
        self._arrivals[packet.pts] = packet.arrived
        if len(self._arrivals) > MAX_ARRIVALS:
            del self._arrivals[next(iter(self._arrivals))]

    def _see(self, frame: Frame) -> None:
        cause = None
        # Pictures come out later than their packets go in, so that the first ones after a new
        # segment's packet may be of the segment before.
        while self._beginnings and frame.pts >= self._beginnings[0][0]:
            _, cause = self._beginnings.pop(0)
        if cause is not None:
            info = self._reader.describe(cast(AvPicture, frame.picture).frame, frame.time)
            self._tell(Begun(info=info, cause=cause))
        pixels = tuple(self._prepare(frame, region) for _, region in self._spec.regions)
        newest = next(reversed(self._arrivals.values()))
        arrived = self._arrivals.get(frame.pts, newest)
        self._tell(Sampled(span=frame.span, pixels=pixels, arrived=arrived))
        if (preview := self.showing.preview(frame)) is not None:
            self._tell(preview)

    def _prepare(self, frame: Frame, region: Region) -> Pixels:
        return self._spec.preprocessing.prepare(cropped(frame, region))
