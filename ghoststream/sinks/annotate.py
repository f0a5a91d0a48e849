"""The video again, with labels, score bars and the clock drawn on every frame.

with AnnotatedVideo("annotated.mp4", frames=lambda header: reopened.frames()) as video:
    video.start(header)
    for record in records:
        video.write(record)
    video.finish(summary)

Of a file, frames are read a second time, behind the results, so that each can show the clip that
lies nearest to it. Of a live source, `show(frame)` draws each frame as it comes, with the newest.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Self, TypeAlias

from ghoststream.errors import ConfigError
from ghoststream.sinks.atomic import AtomicFile, numbered, output_errors
from ghoststream.sinks.heatmap import Heat, HeatLayer
from ghoststream.sinks.overlay import Overlay
from ghoststream.sinks.sink import Sink
from ghoststream.types import (
    WHOLE_PICTURE,
    Event,
    Frame,
    Header,
    Prediction,
    Record,
    Region,
    StreamInfo,
    Summary,
    TimeSpan,
)
from ghoststream.video.encode import Canvas, Painter, VideoWriter

FrameReader: TypeAlias = Callable[[Header], Iterator[Frame]]
"""Opens the source that is about to start a second time."""

SUFFIXES = (".mp4", ".m4v", ".mov")


def whole_picture(stream: StreamInfo) -> Region:
    """The network sees all of it."""
    return WHOLE_PICTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatOptions:
    """Where the heat comes from, and how often."""

    heat: Heat
    region: Callable[[StreamInfo], Region] = whole_picture
    looks_per_second: Fraction = Fraction(4)


class AnnotatedVideo(Sink):
    """H.264 in MP4, each frame at its own time; it plays from zero, whatever the source's clock.

    A file belongs to one source: the second goes to `annotated-2.mp4`, and so on. Until a video is
    whole, it is `annotated.partial.mp4`, which plays as far as it was written.

    Args:
        path: the file of the first source.
        frames: reads a source again, from its first frame; None for live sources.
        heat: draws where the winning class lies.

    Raises:
        ConfigError: the path does not end in .mp4.
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        frames: FrameReader | None = None,
        heat: HeatOptions | None = None,
    ) -> None:
        self._path, self._frames, self._heat = Path(path), frames, heat
        self._sources = 0
        self._recording: _Recording | None = None
        if self._path.suffix.lower() not in SUFFIXES:
            raise ConfigError(f"an annotated video is MP4, got {path}; choose a name like clip.mp4")

    def start(self, header: Header) -> None:
        self.discard()
        file = AtomicFile(numbered(self._path, self._sources))
        file.prepare()
        frames = self._frames(header) if self._frames else iter(())
        self._recording = _Recording(file, header, frames, self._heat)
        self._sources += 1

    def write(self, item: Record) -> None:
        with output_errors(self._path):
            if isinstance(item, Event):
                self._started().hear(item)
            else:
                self._started().see(item)

    def show(self, frame: Frame) -> None:
        """Draws a frame of a live source with the newest prediction."""
        with output_errors(self._path):
            self._started().show(frame)

    def finish(self, summary: Summary) -> None:
        recording = self._started()
        with output_errors(self._path):
            recording.finish(summary)
        self._recording = None

    def close(self) -> None:
        self.discard()

    def discard(self) -> None:
        """A source that was begun and not finished leaves nothing."""
        if self._recording is not None:
            self._recording.discard()
            self._recording = None

    def _started(self) -> "_Recording":
        if self._recording is None:
            raise ValueError("start(header) comes before anything else")
        return self._recording


class _Recording:
    """The video of one source, as far as it has been drawn."""

    def __init__(
        self,
        file: AtomicFile,
        header: Header,
        frames: Iterator[Frame],
        heat: HeatOptions | None,
    ) -> None:
        self._file, self._header, self._heat_options = file, header, heat
        self._source, self._frames = frames, _Ahead(frames)
        self._prediction: Prediction | None = None
        self._active: frozenset[int] = frozenset()
        self._brush: _Brush | None = None
        self._drawn = 0

    def see(self, prediction: Prediction) -> None:
        """Draws the frames that lie nearer to the clip before than to this one."""
        if self._prediction is not None:
            middle = (self._prediction.span.center + prediction.span.center) / 2
            self._draw_all(self._frames.before(middle))
        self._prediction = prediction

    def hear(self, event: Event) -> None:
        changed = frozenset({event.after.label_id})
        self._active = self._active - changed if event.type == "end" else self._active | changed

    def show(self, frame: Frame) -> None:
        self._draw(frame, self._prediction)

    def finish(self, summary: Summary) -> None:
        """Draws the rest, as far as the source was read, and gives the file its name."""
        is_whole = summary.reason == "completed"
        limit = None if is_whole else max(0, summary.frames - self._drawn)
        self._draw_all(islice(self._frames, limit), is_last=True)
        self._close_frames()
        if self._brush is None:
            self._file.discard()
            return
        self._brush.writer.close()
        self._file.commit()

    def discard(self) -> None:
        self._close_frames()
        if self._brush is not None:
            self._brush.writer.discard()
        self._file.discard()

    def _draw_all(self, frames: Iterable[Frame], *, is_last: bool = False) -> None:
        for frame in frames:
            self._draw(frame, _shown(self._prediction, frame.time, is_last=is_last))

    def _draw(self, frame: Frame, prediction: Prediction | None) -> None:
        if self._brush is None:
            self._brush = _Brush(self._file.partial, self._header, frame, self._heat_options)
        self._brush.draw(frame, prediction, self._active)
        self._drawn += 1

    def _close_frames(self) -> None:
        if isinstance(self._source, Generator):
            self._source.close()


class _Ahead:
    """Frames with a look at the next one, so that those before a moment can be taken."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._next: Frame | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        if self._next is None:
            return next(self._frames)
        frame, self._next = self._next, None
        return frame

    def before(self, time: Fraction) -> Iterator[Frame]:
        for frame in self:
            if frame.time >= time:
                self._next = frame
                return
            yield frame


class _Brush:
    """Everything that depends on the size and colours of the first frame."""

    def __init__(self, path: Path, header: Header, first: Frame, heat: HeatOptions | None) -> None:
        width, height = first.picture.width, first.picture.height
        start_time = header.stream.start_time
        self._origin = first.time if start_time is None else min(start_time, first.time)
        self._painter = Painter(width=width, height=height)
        self._header, self._heat_options = header, heat
        self._overlay: Overlay | None = None
        self._heat_layer: HeatLayer | None = None
        self.writer = VideoWriter(
            path,
            time_base=first.time_base,
            rate=header.stream.average_rate,
            comment=_padding_note(self._painter),
        )

    def draw(self, frame: Frame, prediction: Prediction | None, active: frozenset[int]) -> None:
        canvas = self._painter.paint(frame.picture)
        overlay, heat_layer = self._tools(canvas)
        if heat_layer is not None and prediction is not None and prediction.labels:
            heat_layer.draw(canvas, frame, prediction.labels[0].label_id)
        time = frame.time - self._origin
        overlay.draw(canvas, prediction, active, time)
        self.writer.write(canvas, time=time, duration=frame.duration * frame.time_base)

    def _tools(self, canvas: Canvas) -> tuple[Overlay, HeatLayer | None]:
        if self._overlay is None:
            self._overlay = Overlay(width=canvas.width, height=canvas.height, matrix=canvas.matrix)
            if self._heat_options is not None:
                self._heat_layer = HeatLayer(
                    self._heat_options.heat,
                    region=self._heat_options.region(self._header.stream),
                    looks_per_second=self._heat_options.looks_per_second,
                    matrix=canvas.matrix,
                )
        return self._overlay, self._heat_layer


def _shown(prediction: Prediction | None, time: Fraction, *, is_last: bool) -> Prediction | None:
    if prediction is None:
        return None
    span = prediction.span
    # The last clip ends with the last sampled frame, and the video a little later.
    slack = span.duration if is_last else Fraction(0)
    reach = TimeSpan(start=span.start, end=span.end + slack)
    return prediction if reach.start <= time < reach.end else None


def _padding_note(painter: Painter) -> str:
    size = painter.width, painter.height
    padded = painter.canvas_width, painter.canvas_height
    if size == padded:
        return ""
    return f"padded from {size[0]}x{size[1]} to {padded[0]}x{padded[1]}: H.264 needs even sides"
