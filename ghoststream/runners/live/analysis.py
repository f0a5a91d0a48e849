"""Names what cameras show: one network for all of them, and windows and events for each.

analysis = Analysis(pipeline, sink=sink, metrics=metrics)
analysis.add("front", regions=("door", "gate"), settings=plan.settings)
analysis.take(inbox.take(16, timeout_seconds=0.2))
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ghoststream.events import event_source
from ghoststream.pipeline import EventPipeline, Watching
from ghoststream.runners.live.messages import (
    CameraEnded,
    Item,
    Sampled,
    SegmentBegun,
    SegmentEnded,
)
from ghoststream.runners.live.monitoring.metrics import Metrics
from ghoststream.sinks.live import LiveSink
from ghoststream.stages import batched
from ghoststream.types import (
    Embedding,
    Event,
    Evidence,
    Header,
    Prediction,
    Record,
    Status,
    Summary,
)

BATCH = 8
"""Frames of any cameras a forward pass, at most; more are hardly faster, and take memory."""

Vectors = NDArray[np.float32]
"""R x D: a frame's regions."""


@dataclass(slots=True, kw_only=True)
class View:
    """One region of a camera, in one segment."""

    header: Header
    watching: Watching


@dataclass(slots=True, kw_only=True)
class Watched:
    """What is known of one camera."""

    regions: tuple[str | None, ...]
    settings: Mapping[str, object]
    views: list[View] = field(default_factory=list)
    """One a region, in their order; empty between segments."""
    sampled: int = 0
    clips: int = 0
    events: int = 0
    overrun: int = 0
    """Samples that there was no time for at the end."""


class Analysis:
    """Takes the items of all cameras in one thread, and hands results to a sink.

    Args:
        pipeline: network, windows, head and rules.
        sink: is told everything, in order.
        metrics: how long things took.
    """

    def __init__(self, pipeline: EventPipeline, *, sink: LiveSink, metrics: Metrics) -> None:
        self._pipeline, self._sink, self._metrics = pipeline, sink, metrics
        self._batch = pipeline.config.batch or BATCH
        self._cameras: dict[str, Watched] = {}
        self.summaries: dict[str, Summary] = {}
        """Of cameras that are over."""

    def add(
        self, camera: str, *, regions: tuple[str | None, ...], settings: Mapping[str, object]
    ) -> None:
        """Expects items of a camera from now on.

        Args:
            camera: its name.
            regions: names of what is looked at, in the order of a sample's pictures.
            settings: that decide its results.
        """
        self._cameras[camera] = Watched(regions=regions, settings=settings)

    def sampled(self, camera: str) -> int:
        """Frames of a camera that the network has looked at."""
        return self._cameras[camera].sampled if camera in self._cameras else 0

    def take(self, items: Sequence[tuple[str, Item]]) -> None:
        """Does all that a few items ask for, samples of all cameras in common batches."""
        vectors = iter(self._embedded([item for _, item in items if isinstance(item, Sampled)]))
        for camera, item in items:
            if isinstance(item, Sampled):
                self._see(camera, item, next(vectors))
            else:
                self._react(camera, item)

    def without_samples(self, items: Sequence[tuple[str, Item]]) -> list[tuple[str, Item]]:
        """Gives up and counts samples that there is no time for any more; the rest is returned."""
        for camera, item in items:
            self._cameras[camera].overrun += isinstance(item, Sampled)
        return [(camera, item) for camera, item in items if not isinstance(item, Sampled)]

    def _embedded(self, samples: Sequence[Sampled]) -> Iterable[Vectors]:
        """R x D for each sample."""
        pixels = [region for sample in samples for region in sample.pixels]
        vectors = [vector for batch in batched(pixels, self._batch) for vector in self._run(batch)]
        start = 0
        for sample in samples:
            yield np.stack(vectors[start : start + len(sample.pixels)])
            start += len(sample.pixels)

    def _run(self, batch: list[NDArray[np.uint8]]) -> Vectors:
        began = time.perf_counter()
        vectors = self._pipeline.frames.runtime.embed(np.stack(batch))
        self._metrics.observe_inference(time.perf_counter() - began, len(batch))
        return vectors

    def _see(self, camera: str, sample: Sampled, vectors: Vectors) -> None:
        watched = self._cameras[camera]
        watched.sampled += 1
        for view, vector in zip(watched.views, vectors, strict=True):
            embedding = Embedding(span=sample.span, vector=vector)
            self._tell(camera, view, view.watching.update(embedding), sample.arrived)

    def _tell(
        self, camera: str, view: View, records: Iterable[Record], arrived: float | None = None
    ) -> None:
        watched = self._cameras[camera]
        for record in records:
            watched.clips += isinstance(record, Prediction)
            if isinstance(record, Event) and record.type == "new":
                watched.events += 1
                self._metrics.event(camera, record.after.label)
            self._sink.write(record, view.header)
            if arrived is not None:
                self._metrics.observe_lag(camera, time.time() - arrived)

    def _react(self, camera: str, item: Item) -> None:
        if isinstance(item, Status):
            self._sink.status(item)
        elif isinstance(item, SegmentBegun):
            self._end_segment(camera)
            self._begin_segment(camera, item)
        elif isinstance(item, SegmentEnded):
            self._end_segment(camera)
        elif isinstance(item, Evidence):
            self._sink.evidence(item)
        elif isinstance(item, CameraEnded):
            self._end_camera(camera, item)

    def _begin_segment(self, camera: str, begun: SegmentBegun) -> None:
        watched = self._cameras[camera]
        for region in watched.regions:
            header = replace(
                self._pipeline.frames.header(camera, begun.info, watched.settings),
                region=region,
                segment=begun.number,
                segment_cause=begun.cause,
            )
            source = event_source(camera, region)
            watched.views.append(View(header=header, watching=self._pipeline.watch(source=source)))
            self._sink.start(header)

    def _end_segment(self, camera: str) -> None:
        views, self._cameras[camera].views = self._cameras[camera].views, []
        for view in views:
            self._tell(camera, view, view.watching.finish())

    def _end_camera(self, camera: str, ended: CameraEnded) -> None:
        self._end_segment(camera)
        watched = self._cameras.pop(camera)
        summary = replace(
            ended.summary,
            sampled=watched.sampled,
            clips=watched.clips,
            events=watched.events,
            overrun=(ended.summary.overrun or 0) + watched.overrun,
        )
        self.summaries[camera] = summary
        self._sink.finish(camera, summary)
