"""The cameras of the page, watched as long as it is there.

live = Live(config, Path("cameras.yaml"), feed=feed)
await live.start()
live.cameras(); await live.restart(head=path); await live.stop()
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from ghoststream.backoff import Backoff
from ghoststream.config import ServeConfig
from ghoststream.runners.live.cameras import plan_cameras
from ghoststream.serve.feed import Feed
from ghoststream.serve.live.camera import Camera
from ghoststream.serve.live.messages import (
    Cameras,
    Finished,
    FromWatcher,
    Notice,
    Picture,
    ShowCamera,
    Told,
)
from ghoststream.serve.live.previews import Previews
from ghoststream.serve.live.process import Launcher, WatchingProcess
from ghoststream.serve.live.settings import watch_spec

logger = logging.getLogger(__name__)

STOP_SECONDS = 4.8
"""A run ends in order within 4.5."""
RETRY_INITIAL_SECONDS, RETRY_MAX_SECONDS = 1.0, 60.0
HUNG_SECONDS = 60.0
"""For which a process that has begun may say nothing, while it has something to say each second."""

Line: TypeAlias = Mapping[str, Any]
"""Of the event log."""
TakeLine: TypeAlias = Callable[[Line], None]
"""Takes a line in; must not wait."""


class Live:
    """Keeps a process that watches, and knows what it told last; for one event loop.

    Args:
        config: of the page.
        pipeline: names the cameras.
        feed: is told how cameras are.
        take_line: is given each line (header, event, status, evidence, end) as it comes.
        on_end: called whenever a process has ended, which then tells of nothing any more.
        head: to name with, instead of what the pipeline names.
        launcher: starts the process; its niceness is that of the thread which makes this.

    Raises:
        ConfigError: the pipeline does not hold, or watches no cameras.
    """

    def __init__(
        self,
        config: ServeConfig,
        pipeline: Path,
        *,
        feed: Feed,
        take_line: TakeLine = lambda _: None,
        on_end: Callable[[], None] = lambda: None,
        head: Path | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        self.lost_lines = 0
        """That this process did not take in time; the log has them."""
        self.previews = Previews(self._show)
        self._config, self._pipeline, self._feed = config, pipeline, feed
        self._take_line, self._on_end = take_line, on_end
        self._spec = watch_spec(config, pipeline, head=head)
        self._launcher = launcher or Launcher()
        names = (plan.name for plan in plan_cameras(self._spec.config))
        self._cameras = {name: Camera(name=name) for name in names}
        self._process: WatchingProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._launching, self._wanted = asyncio.Lock(), asyncio.Event()
        self._is_stopping = False
        self._lost_before = 0

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return None if self._process is None else self._process.pid

    def cameras(self) -> list[Camera]:
        """As they are now, in the order of the pipeline."""
        return list(self._cameras.values())

    def has(self, name: str) -> bool:
        """Whether there is such a camera."""
        return name in self._cameras

    async def start(self) -> None:
        """Begins to watch; returns at once."""
        self._task = asyncio.create_task(self._keep_watching(), name="cameras")
        self._task.add_done_callback(_tell_of_failure)

    async def restart(self, *, head: Path | None) -> None:
        """Ends the process in order, and watches with another head from then on.

        Args:
            head: a file; None for the one that the pipeline names, or none.

        Raises:
            HeadError: the head cannot be read; everything stays as it is.
        """
        self._spec = await asyncio.to_thread(watch_spec, self._config, self._pipeline, head=head)
        self._wanted.set()
        await self._end_process()

    async def stop(self) -> None:
        """Ends everything in order, within five seconds."""
        self._is_stopping = True
        self.close_previews()
        self._wanted.set()
        await self._end_process()
        if self._task is not None:
            await self._task
        self._launcher.close()

    def close_previews(self) -> None:
        """Sends all away who look at pictures, since the page is to end."""
        self.previews.close()

    def _show(self, camera: str, seconds: float) -> None:
        if self._process is not None:
            self._process.send(ShowCamera(camera=camera, seconds=seconds))

    async def _end_process(self) -> None:
        async with self._launching:
            process = self._process
        if process is not None:
            await process.stop(STOP_SECONDS)

    async def _keep_watching(self) -> None:
        backoff = Backoff(initial_seconds=RETRY_INITIAL_SECONDS, max_seconds=RETRY_MAX_SECONDS)
        while not self._is_stopping:
            self._wanted.clear()
            trouble = await self._watch_once(backoff)
            if not (self._is_stopping or self._wanted.is_set()):
                await self._wait_after(trouble, backoff)

    async def _wait_after(self, trouble: str | None, backoff: Backoff) -> None:
        """For the next attempt, or, where all cameras are over, for somebody to want another."""
        seconds = None if trouble is None else backoff.next_seconds()
        if trouble is not None:
            self._tell_trouble(f"{trouble.rstrip('.')}; it is tried again in {seconds:.0f} s.")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), seconds)

    async def _watch_once(self, backoff: Backoff) -> str | None:
        """The life of one process; why it has ended, where it should not have."""
        try:
            async with self._launching:
                if self._is_stopping:
                    return None
                self._process = process = await self._launcher.launch(self._spec)
        except OSError as error:
            return f"no process could be started for the cameras: {error.strerror}"
        try:
            finished = await self._hear(process, backoff)
        finally:
            self._process = None
            end = await process.ended()
            self._on_end()
        self._lost_before = self.lost_lines
        if finished is not None:
            return finished.error
        return f"the process that watches the cameras was ended {end or 'without a word'}"

    async def _hear(self, process: WatchingProcess, backoff: Backoff) -> Finished | None:
        """All that it says; its last word, where there was one."""
        patience: float | None = None
        while True:
            try:
                message = await asyncio.wait_for(process.receive(), patience)
            except TimeoutError:
                process.kill()
                return Finished(error="the process that watches the cameras did not answer")
            if message is None or isinstance(message, Finished):
                return message
            if isinstance(message, Cameras):
                patience = HUNG_SECONDS
                if any(camera.fps for camera in message.cameras):
                    backoff.reset()
            self._take(message)

    def _take(self, message: FromWatcher) -> None:
        if isinstance(message, Picture):
            self.previews.add(message)
        elif isinstance(message, Cameras):
            self._lost(message.lost_lines)
            self._update({camera.name: camera for camera in message.cameras})
        elif isinstance(message, Told):
            self._take_line(json.loads(message.line))
        elif isinstance(message, Notice):
            logger.warning(message.text)

    def _lost(self, lines: int) -> None:
        lost = self._lost_before + lines
        if lost > self.lost_lines:
            logger.warning(
                "the page did not take %d lines about cameras in time; their log has them",
                lost - self.lost_lines,
            )
        self.lost_lines = lost

    def _update(self, cameras: dict[str, Camera]) -> None:
        before, self._cameras = self._cameras, cameras
        for camera in cameras.values():
            if before.get(camera.name) != camera:
                self._publish_camera(camera)
        for name in before.keys() - cameras.keys():
            ended = Camera(name=name, state="ended", cause="it is on the list no more")
            self._publish_camera(ended)
        self.previews.keep(set(cameras))

    def _tell_trouble(self, cause: str) -> None:
        logger.warning(cause)
        state = {"state": "reconnecting", "cause": cause}
        silent = {"fps": 0.0, "camera_fps": 0.0, "labels": ()}
        cameras = self._cameras.items()
        self._update(
            {name: camera.model_copy(update={**state, **silent}) for name, camera in cameras}
        )

    def _publish_camera(self, camera: Camera) -> None:
        self._feed.publish("camera", camera.model_dump(mode="json"))


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("no camera is watched any more, by a fault of ours", exc_info=error)
