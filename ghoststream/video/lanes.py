"""Decodes the steps of a plan side by side, on as many cores as there are, and keeps their order.

Each lane is a thread with a decoder of its own. Steps that are fresh go to the lanes in turn; those
that continue stay where they are.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from itertools import chain, takewhile
from typing import TypeAlias, TypeGuard

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.stages import ByteQueue, prefetch
from ghoststream.types import Sample
from ghoststream.video.container import DAMAGE, frame_of
from ghoststream.video.picture import Converter, pixel_aspect
from ghoststream.video.plan import Damaged, Expected, Step
from ghoststream.video.probe import time_base_of
from ghoststream.video.sample import Prepare

MAX_WAITING_BYTES = 32 << 20
"""Of packets before a lane, and of samples behind it."""
MAX_SCHEDULED_STEPS = 64

Output: TypeAlias = Sample | Step
"""Samples, and the step that they belong to."""
OpenStream: TypeAlias = Callable[[], AbstractContextManager[VideoStream]]
OnFirst: TypeAlias = Callable[[VideoFrame, int], None]
"""Told of a picture and its pts."""


def side_by_side(
    steps: Iterator[Step],
    stream: VideoStream,
    *,
    open_stream: OpenStream,
    prepare: Prepare,
    on_first: OnFirst,
    lanes: int,
    stop: threading.Event,
) -> Iterator[Output]:
    """Decodes what the plan says: each step, followed by its samples.

    Args:
        steps: of the plan; the first one is fresh.
        stream: whose decoder the first lane uses.
        open_stream: opens the same stream again, for each further lane.
        prepare: makes of a frame what is kept of it; called in the lanes.
        on_first: told of the first picture, before its sample comes out.
        lanes: how many.
        stop: when set, ends the iteration.

    Raises:
        Damaged: the decoder gives something else than was planned.
        SourceError: the source breaks down.
    """
    first = next(steps, None)
    if first is None:
        return
    queues = [_step_queue(stop) for _ in range(lanes)]
    with ExitStack() as stack:
        outputs = [
            stack.enter_context(_prefetched_samples(lane, stop))
            for lane in [
                _lane(queues[0].drain(), lambda: nullcontext(stream), prepare, on_first=on_first),
                *(
                    _lane(queue.drain(), open_stream, prepare, warm_up=first.packets[:1])
                    for queue in queues[1:]
                ),
            ]
        ]
        turns = _dispatch(chain([first], steps), queues)
        schedule = stack.enter_context(
            prefetch(turns, max_bytes=MAX_SCHEDULED_STEPS, nbytes=lambda _: 1, stop=stop)
        )
        for queue in queues:
            stack.callback(queue.close)
        for turn, step in schedule:
            yield step
            yield from takewhile(_is_sample, outputs[turn])


def _step_queue(stop: threading.Event) -> ByteQueue[Step]:
    return ByteQueue(max_bytes=MAX_WAITING_BYTES, nbytes=_step_bytes, stop=stop)


def _prefetched_samples(
    lane: Iterator[Output], stop: threading.Event
) -> AbstractContextManager[Iterator[Output]]:
    return prefetch(lane, max_bytes=MAX_WAITING_BYTES, nbytes=_output_bytes, stop=stop)


def _dispatch(steps: Iterable[Step], queues: list[ByteQueue[Step]]) -> Iterator[tuple[int, Step]]:
    """Hands steps out, and says of each whose turn it was."""
    turn = -1
    for step in steps:
        turn = (turn + step.is_fresh) % len(queues)
        queues[turn].put(step)
        yield turn, step
    for queue in queues:
        queue.finish()


def _is_sample(output: Output) -> TypeGuard[Sample]:
    return isinstance(output, Sample)


def _lane(
    steps: Iterator[Step],
    open_stream: OpenStream,
    prepare: Prepare,
    *,
    warm_up: Iterable[Packet[VideoStream]] = (),
    on_first: OnFirst | None = None,
) -> Generator[Output, None, None]:
    """A lane's whole life.

    Args:
        steps: its share.
        open_stream: called when there is something to decode.
        prepare: makes of a frame what is kept of it.
        warm_up: to be decoded first and forgotten: it may hold headers that are not repeated.
        on_first: told of the first picture.
    """
    first = next(steps, None)
    if first is None:
        return
    with open_stream() as stream:
        decoder = _Decoder(stream, prepare)
        decoder.warm_up(warm_up)
        decoder.on_first = on_first
        for step in chain([first], steps):
            yield from decoder.samples(step)
            yield step


class _Decoder:
    """Decodes steps, and holds the outcome against the plan.

    Args:
        stream: open, with a decoder that is not in use.
        prepare: makes of a frame what is kept of it.
    """

    def __init__(self, stream: VideoStream, prepare: Prepare) -> None:
        self.on_first: OnFirst | None = None
        self._context = stream.codec_context
        self._prepare = prepare
        self._frame = partial(
            frame_of,
            time_base=time_base_of(stream),
            converter=Converter(),
            sample_aspect_ratio=pixel_aspect(stream.sample_aspect_ratio),
        )
        self._expected: deque[Expected] = deque()

    def warm_up(self, packets: Iterable[Packet[VideoStream]]) -> None:
        """Lets the decoder see headers that stand in these packets alone."""
        for packet in chain(packets, [None]):
            self._decode(packet)
        self._context.flush_buffers()

    def samples(self, step: Step) -> Iterator[Sample]:
        """What is wanted of a step; of one that continues, the last may come with the next.

        Raises:
            Damaged: it says so, or gives other pictures than planned.
        """
        self._expected.extend(step.expected)
        for packet in step.packets:
            yield from self._wanted(self._decode(packet))
        if not step.continues and step.packets:
            yield from self._wanted(self._decode(None))
            if self._expected:
                raise Damaged
            self._context.flush_buffers()

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except av.error.EOFError:
            return []
        except DAMAGE as error:
            raise Damaged from error

    def _wanted(self, decoded: Iterable[VideoFrame]) -> Iterator[Sample]:
        for picture in decoded:
            pts = picture.pts
            if picture.is_corrupt or not self._expected or pts != self._expected[0].pts:
                raise Damaged
            if self.on_first is not None:
                self.on_first(picture, pts)
                self.on_first = None
            expected = self._expected.popleft()
            if expected.is_wanted:
                if picture.key_frame != expected.is_keyframe:
                    raise Damaged
                frame = self._frame(picture, pts)
                yield Sample(span=frame.span, pixels=self._prepare(frame))


def _step_bytes(step: Step) -> int:
    return sum(packet.size for packet in step.packets)


def _output_bytes(output: Output) -> int:
    return output.pixels.nbytes if isinstance(output, Sample) else 0
