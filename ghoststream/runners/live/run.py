"""Watches cameras from the first connection to the last delivered message.

with LiveRun(config, cameras=ReloadedCameras(config), paths={}, watcher=watcher) as run:
    while not (stop.is_set() or run.is_over):
        run.step()
run.outcomes
"""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Self

from ghoststream.config import RunConfig
from ghoststream.cores import available_cores
from ghoststream.pipeline import build_event_pipeline
from ghoststream.runners.jobs import Result
from ghoststream.runners.live.analysis import BATCH, Analysis
from ghoststream.runners.live.cameras import CameraPlan
from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import (
    CameraEnded,
    CaptureSpec,
    NotKept,
    Preview,
    ShowPreviews,
)
from ghoststream.runners.live.monitoring.endpoint import Endpoint
from ghoststream.runners.live.monitoring.metrics import Metrics
from ghoststream.runners.live.monitoring.snapshot import CameraSnapshot, EvidenceSnapshot
from ghoststream.runners.live.outputs import LiveOutputs
from ghoststream.runners.live.reload import ReloadedCameras
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.rate import Rate
from ghoststream.runners.live.supervision.supervisor import Supervisor
from ghoststream.runners.local import Outcome, check_any_read
from ghoststream.runners.outputs import Outputs, check_distinct, event_outputs
from ghoststream.sinks.live import LiveWatcher
from ghoststream.sinks.lost_lines import LostLines
from ghoststream.types import Counts

STEP_SECONDS = 0.2
"""To wait for cameras, at most, before anything else is looked at."""
LINGER_SECONDS = 0.05
"""To wait for frames of other cameras: a network that has just run takes half the time for more."""
TICK_SECONDS = 1.0
END_SECONDS = 4.5
"""For everything to be ended in order."""
LAST_LOOK_SECONDS = 1.0
"""Of them, for samples that wait; others are given up then, since events have to be ended."""
DELIVERY_SECONDS = 1.5
"""Of them, kept for messages that wait."""
RING_MARGIN_SECONDS = 5
"""For which an event may be late, and its clip still begin where it is to."""


def run_cameras(
    config: RunConfig, *, cameras: ReloadedCameras, stop: threading.Event, watcher: LiveWatcher
) -> Result:
    """Watches until `stop` is set, or all cameras are over.

    Args:
        config: of the run.
        cameras: which ones, now and later.
        stop: set it, and everything is ended in order within five seconds.
        watcher: looks on.

    Raises:
        GhostStreamError: settings, weights or outputs that do not hold; or not one camera gave a
            frame before all of them were given up.
    """
    paths = event_outputs(config)
    with LiveRun(config, cameras=cameras, paths=paths, watcher=watcher) as run:
        while not (stop.is_set() or run.is_over):
            run.step()
    check_any_read(run.outcomes)
    return Result(outcomes=run.outcomes, outputs=paths)


@dataclass(slots=True, kw_only=True)
class _Watched:
    """A camera as the run knows it."""

    since: float = field(default_factory=time.monotonic)
    rate: Rate = field(default_factory=Rate)
    """Of frames that the network looked at."""
    sampled: int = 0
    """In all, as of the last look."""
    is_unwanted: bool = False
    """Taken off the list."""


class LiveRun:
    """Cameras, network and outputs; everything but metrics is looked at in the thread that steps.

    Args:
        config: of the run.
        cameras: which ones, now and later.
        paths: of the event log and the table, as far as they are wanted.
        watcher: looks on.

    Raises:
        GhostStreamError: settings, weights or outputs that do not hold.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        cameras: ReloadedCameras,
        paths: Outputs,
        watcher: LiveWatcher,
    ) -> None:
        check_distinct(paths, [plan.source for plan in cameras.plans])
        self.outcomes: list[Outcome] = []
        self._config, self._cameras, self._watcher = config, cameras, watcher
        # Most batches are of one picture, which a second thread would not make faster.
        self._pipeline = build_event_pipeline(config, threads=max(1, available_cores() // 2))
        self._inbox = Inbox(config.drop_policy)
        self._supervisor = Supervisor(self._inbox, _patience(config), show=self._show)
        self._watched: dict[str, _Watched] = {}
        self._given_up: dict[str, _Watched] = {}
        """Cameras that are to be watched, and have come to their end."""
        self._successors: dict[str, CameraPlan] = {}
        """Cameras that begin anew, in another way, once they have ended."""
        self._lost_evidence = LostLines(watcher.notice, "files of evidence")
        self._next_tick = 0.0
        with ExitStack() as opened:
            self._outputs = LiveOutputs(config, paths, send=self._supervisor.send, watcher=watcher)
            opened.callback(self._outputs.close, 0.0)
            self._metrics = Metrics(
                self.snapshot, spools=self._outputs.spools, evidence=self._evidence_snapshot
            )
            self._endpoint = self._opened_endpoint()
            opened.pop_all()
        self._analysis = Analysis(self._pipeline, sink=self._outputs.sink, metrics=self._metrics)

    @property
    def is_over(self) -> bool:
        """Whether all cameras have come to their end; one that was removed has a successor."""
        return not self._watched

    def step(self, timeout_seconds: float = STEP_SECONDS) -> None:
        """Does what there is to do, or waits for it."""
        self._take(timeout_seconds)
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            self._tick(now)

    def show_previews(self, camera: str, seconds: float) -> None:
        """Has the watcher get pictures of a camera for a while; may be called in any thread.

        Args:
            camera: its name; nothing happens where there is none, or it is not connected.
            seconds: after which it ends, unless it is asked for again.
        """
        self._supervisor.send(camera, ShowPreviews(seconds=seconds))

    def snapshot(self) -> list[CameraSnapshot]:
        """All cameras as they are; may be called in any thread."""
        cameras = {**self._given_up, **self._watched}
        return [self._snapshot(name, watched) for name, watched in cameras.items()]

    def __enter__(self) -> Self:
        with ExitStack() as undoing:
            undoing.push(self)
            if (notice := self._pipeline.frames.notice) is not None:
                self._watcher.notice(notice)
            self._supervisor.start()
            for plan in self._cameras.plans:
                self._add(plan)
            undoing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        deadline = 0.0 if kind is KeyboardInterrupt else time.monotonic() + END_SECONDS
        with ExitStack() as closing:
            closing.push(partial(self._close_outputs, deadline))
            if self._endpoint is not None:
                closing.callback(self._endpoint.close)
            closing.callback(self._supervisor.close)
            if kind in (None, GeneratorExit):  # the second: whoever looked on wants no more
                self._end_cameras(deadline - DELIVERY_SECONDS)

    def _show(self, camera: str, preview: Preview) -> None:
        self._watcher.preview(camera, preview.time, preview.jpeg)

    def _close_outputs(self, deadline: float, kind: type[BaseException] | None, *_: object) -> None:
        """Whoever sends a second signal waits for nothing."""
        self._outputs.close(0.0 if kind is KeyboardInterrupt else deadline)

    def _end_cameras(self, deadline: float) -> None:
        """What they still have to say, and the ends of their events."""
        self._successors.clear()
        for name in list(self._watched):
            self._supervisor.remove(name)
        last_look = time.monotonic() + LAST_LOOK_SECONDS
        while self._watched and (now := time.monotonic()) < deadline:
            self._take(STEP_SECONDS / 4, is_late=now >= last_look)

    def _take(self, timeout_seconds: float, *, is_late: bool = False) -> None:
        items = self._inbox.take(
            self._config.batch or BATCH,
            timeout_seconds,
            linger_seconds=LINGER_SECONDS if len(self._watched) > 1 else 0,
        )
        self._analysis.take(self._analysis.without_samples(items) if is_late else items)
        for name, item in items:
            if isinstance(item, CameraEnded):
                self._note_end(name, item)
            elif isinstance(item, NotKept):
                self._lost_evidence.add(f"{name}: a clip or thumbnail is missing: {item.cause}")

    def _note_end(self, name: str, ended: CameraEnded) -> None:
        watched = self._watched.pop(name)
        summary = self._analysis.summaries.pop(name)
        watched.sampled = summary.sampled
        if watched.is_unwanted:  # as whoever took it off the list has it, it is done
            summary = replace(summary, reason="completed")
        self.outcomes.append(Outcome(source=name, summary=summary, error=ended.error))
        if (plan := self._successors.pop(name, None)) is not None:
            self._add(plan)
        elif watched.is_unwanted:
            self._outputs.remove(name)
        else:
            self._given_up[name] = watched

    def _tick(self, now: float) -> None:
        for name, watched in self._watched.items():
            watched.sampled = self._analysis.sampled(name)
            watched.rate.add(now, watched.sampled)
        self._supervisor.check()
        self._outputs.tick()
        self._reload()

    def _reload(self) -> None:
        change = self._cameras.poll()
        if change is None:
            return
        for notice in change.notices:
            self._watcher.notice(notice)
        for name in change.removed:
            self._remove(name)
        for plan in change.changed:
            self._remove(plan.name)
        for plan in (*change.changed, *change.added):
            if plan.name in self._watched:
                self._successors[plan.name] = plan
            else:
                self._add(plan)

    def _add(self, plan: CameraPlan) -> None:
        self._given_up.pop(plan.name, None)
        self._watched[plan.name] = _Watched()
        regions = tuple(name for name, _ in plan.regions)
        self._analysis.add(plan.name, regions=regions, settings=plan.settings)
        self._supervisor.add(self._spec(plan))

    def _remove(self, name: str) -> None:
        self._successors.pop(name, None)
        if name in self._watched:
            self._watched[name].is_unwanted = True
            self._supervisor.remove(name)
        elif self._given_up.pop(name, None) is not None:
            self._outputs.remove(name)

    def _spec(self, plan: CameraPlan) -> CaptureSpec:
        config = self._config
        seconds = config.pre_roll + config.window + config.min_duration + RING_MARGIN_SECONDS
        return CaptureSpec(
            name=plan.name,
            access=plan.source.access(),
            sampling=plan.sampling,
            preprocessing=self._pipeline.frames.runtime.preprocessing,
            regions=plan.regions,
            ring_seconds=type(seconds)(0) if config.evidence is None else seconds,
            is_paced=plan.is_paced,
            is_looped=plan.is_looped,
        )

    def _opened_endpoint(self) -> Endpoint | None:
        port = self._config.metrics_port
        if port is None:
            return None
        return Endpoint(port, metrics=self._metrics, snapshot=self.snapshot)

    def _evidence_snapshot(self) -> EvidenceSnapshot | None:
        evidence = self._outputs.evidence
        if evidence is None:
            return None
        return EvidenceSnapshot(
            nbytes=evidence.nbytes,
            deleted_files=evidence.counts.deleted_files,
            deleted_bytes=evidence.counts.deleted_bytes,
            lost=self._lost_evidence.count,
        )

    def _snapshot(self, name: str, watched: _Watched) -> CameraSnapshot:
        now = time.monotonic()
        seen = self._supervisor.counts(name)
        process_fps = watched.rate.per_second(now)
        return CameraSnapshot(
            name=name,
            state=seen.state,
            watched_seconds=now - watched.since,
            silent_seconds=seen.silent_seconds,
            capture_fps=seen.capture_fps,
            process_fps=process_fps,
            skipped_fps=max(0.0, seen.capture_fps - process_fps),
            counts=seen.counts + Counts(overrun=self._inbox.overrun(name)),
            sampled=watched.sampled,
            reconnects=seen.reconnects,
            stalls=seen.stalls,
            queue_depth=self._inbox.depth(name),
        )


def _patience(config: RunConfig) -> Patience:
    return Patience(
        open_seconds=float(config.open_timeout),
        stall_seconds=float(config.read_timeout),
        retry_initial_seconds=float(config.retry_initial),
        retry_max_seconds=float(config.retry_max),
        max_retries=config.max_retries,
    )
