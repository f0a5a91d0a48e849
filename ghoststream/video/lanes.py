"""Decodes the steps of a plan side by side, on as many cores as there are, and keeps their order.

Each lane is a thread with a decoder of its own. Steps that are fresh go to the lanes in turn; those
that continue stay where they are.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
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
from ghoststream.video.plan import Damaged, Expected, Extent, Step
from ghoststream.video.probe import time_base_of
from ghoststream.video.sample import Prepare

MAX_WAITING_BYTES = 32 << 20
"""Of packets before a lane, and of samples behind it."""
MAX_SCHEDULED_STEPS = 64

Output: TypeAlias = Sample | Extent
"""What a group holds, and then its samples."""
OpenStream: TypeAlias = Callable[[], AbstractContextManager[VideoStream]]
OpenDecoder: TypeAlias = Callable[[], AbstractContextManager["_Decoder"]]
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
    """Decodes what the plan says: of each step what it holds, and then its samples.

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
    own = _Decoder(stream, prepare, on_first=on_first)
    another = partial(_opened, open_stream, prepare, warm_up=first.packets[:1])
    decoders: list[OpenDecoder] = [lambda: nullcontext(own), *[another] * (lanes - 1)]
    queues = [_step_queue(stop) for _ in decoders]
    with ExitStack() as stack:
        outputs = [
            stack.enter_context(_lane(queue.drain(), open_decoder, stop))
            for queue, open_decoder in zip(queues, decoders, strict=True)
        ]
        turns = _dispatch(chain([first], steps), queues)
        schedule = stack.enter_context(
            prefetch(turns, max_bytes=MAX_SCHEDULED_STEPS, nbytes=lambda _: 1, stop=stop)
        )
        for queue in queues:
            stack.callback(queue.close)
        for turn, extent in schedule:
            yield extent
            yield from takewhile(_is_sample, outputs[turn])


def _step_queue(stop: threading.Event) -> ByteQueue[Step]:
    return ByteQueue(max_bytes=MAX_WAITING_BYTES, nbytes=_step_bytes, stop=stop)


def _dispatch(steps: Iterable[Step], queues: list[ByteQueue[Step]]) -> Iterator[tuple[int, Extent]]:
    """Hands steps out, and says of each whose turn it was."""
    turn = -1
    for step in steps:
        # What is not decoded at all is no work, and takes no turn.
        turn = (turn + (step.is_fresh and bool(step.packets))) % len(queues)
        queues[turn].put(step)
        yield turn, step.extent
    for queue in queues:
        queue.finish()


def _is_sample(output: Sample | None) -> TypeGuard[Sample]:
    return output is not None


def _lane(
    steps: Iterator[Step], open_decoder: OpenDecoder, stop: threading.Event
) -> AbstractContextManager[Iterator[Sample | None]]:
    """A thread that decodes its share of the steps."""
    outputs = _decoded(steps, open_decoder)
    return prefetch(outputs, max_bytes=MAX_WAITING_BYTES, nbytes=_sample_bytes, stop=stop)


def _decoded(
    steps: Iterator[Step], open_decoder: OpenDecoder
) -> Generator[Sample | None, None, None]:
    """Samples, and None behind each step; opens nothing where there is nothing to decode."""
    first = next(steps, None)
    if first is None:
        return
    with open_decoder() as decoder:
        for step in chain([first], steps):
            yield from decoder.samples(step)
            yield None


@contextmanager
def _opened(
    open_stream: OpenStream, prepare: Prepare, warm_up: Iterable[Packet[VideoStream]]
) -> Iterator[_Decoder]:
    """A decoder of its own; what warms it up may hold headers that are not repeated."""
    with open_stream() as stream:
        decoder = _Decoder(stream, prepare)
        decoder.warm_up(warm_up)
        yield decoder


class _Decoder:
    """Decodes steps, and holds the outcome against the plan.

    Args:
        stream: open, with a decoder that is not in use.
        prepare: makes of a frame what is kept of it.
        on_first: told of the first picture.
    """

    def __init__(
        self, stream: VideoStream, prepare: Prepare, *, on_first: OnFirst | None = None
    ) -> None:
        self._on_first = on_first
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

    def samples(self, step: Step) -> list[Sample]:
        """What is wanted of a step; of one that continues, the last may come with the next.

        None is given before all have come out whole: a picture may be predicted from one that is
        shown after it, and turns out to be damaged only then.

        Raises:
            Damaged: it says so, or gives other pictures than planned.
        """
        self._expected.extend(step.expected)
        samples = [s for packet in step.packets for s in self._wanted(self._decode(packet))]
        if not step.continues and step.packets:
            samples += self._wanted(self._decode(None))
            if self._expected:
                raise Damaged
            self._context.flush_buffers()
        return samples

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
            if self._on_first is not None:
                self._on_first(picture, pts)
                self._on_first = None
            expected = self._expected.popleft()
            if expected.is_wanted:
                if picture.key_frame != expected.is_keyframe:
                    raise Damaged
                frame = self._frame(picture, pts)
                yield Sample(span=frame.span, pixels=self._prepare(frame))


def _step_bytes(step: Step) -> int:
    return sum(packet.size for packet in step.packets)


def _sample_bytes(sample: Sample | None) -> int:
    return 0 if sample is None else sample.pixels.nbytes
