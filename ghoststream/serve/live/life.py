"""The process that watches the cameras of the page: a live run, and what it tells of it.

    main thread     the run: network, windows, events, outputs
    commands        the page's wishes; ends the process where the page is gone
    outbox          what is told, sent as fast as the page takes it

The run goes on as fast as without a page: nothing in it waits for what is told.
"""

import os
import signal
import socket
import threading
import time
from fractions import Fraction

from ghoststream.errors import GhostStreamError
from ghoststream.runners.live.line import Line
from ghoststream.runners.live.monitoring.snapshot import CameraSnapshot
from ghoststream.runners.live.reload import ReloadedCameras
from ghoststream.runners.live.run import LiveRun
from ghoststream.runners.outputs import event_outputs
from ghoststream.serve.live.camera import Camera, SeenLabel
from ghoststream.serve.live.messages import (
    Cameras,
    Finished,
    Notice,
    Picture,
    ShowCamera,
    StopWatching,
    Told,
    WatchSpec,
)
from ghoststream.serve.live.outbox import Outbox
from ghoststream.sinks import records
from ghoststream.sinks.live import LiveWatcher
from ghoststream.types import Event, Evidence, Header, Label, Record, Status, Summary

TELL_SECONDS = 1.0
"""From one word about the cameras' state to the next."""
COMMAND_SECONDS = 0.2
LAST_WORDS_SECONDS = 0.4
"""For the page to take what is still to be told."""
ORPHAN_SECONDS = 6.0
"""For everything to end in order once the page is gone; a run takes five at most."""
SHOWN_LABELS = 3
FRESH_SECONDS = 10.0
"""For which a label stands for what a camera shows now."""


def watch_cameras(spec: WatchSpec, end: socket.socket) -> None:
    """Watches cameras until the page says stop, is gone, or all of them are over.

    Args:
        spec: which ones, and how.
        end: of the line to the page.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the page gets them, too, and decides
    line = Line(end)
    outbox = Outbox(line.send)
    outbox.add(Finished(error=_watched(spec, _Commands(line), outbox)))
    outbox.close(LAST_WORDS_SECONDS)
    os._exit(0)  # all is closed; to unload the network would take a second that nobody has


def _watched(spec: WatchSpec, commands: "_Commands", outbox: Outbox) -> str | None:
    """Why it could not go on; None where it has come to its end."""
    try:
        _watch(spec, commands, outbox)
    except GhostStreamError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - the edge of a worker
        # Its text may hold an address, and so a password.
        return f"watching the cameras failed with {type(error).__name__}, a fault of this program"
    return None


def _watch(spec: WatchSpec, commands: "_Commands", outbox: Outbox) -> None:
    config, teller = spec.config, _Teller(outbox)
    cameras = ReloadedCameras(config, pipeline=spec.pipeline, overrides=spec.overrides)
    paths = event_outputs(config)
    with LiveRun(config, cameras=cameras, paths=paths, watcher=teller) as run:
        commands.obey(run)
        while not (commands.stop.is_set() or run.is_over):
            run.step()
            teller.tell_of_cameras(run)
    teller.tell_of_cameras(run, is_last=True)


class _Commands:
    """Hears the page, in a thread of its own."""

    def __init__(self, line: Line) -> None:
        self.stop = threading.Event()
        self._line = line
        self._run: LiveRun | None = None
        threading.Thread(target=self._listen, name="commands", daemon=True).start()

    def obey(self, run: LiveRun) -> None:
        """From now on there is something to command."""
        self._run = run

    def _listen(self) -> None:
        while not self._line.is_closed:
            for command in self._line.receive(COMMAND_SECONDS):
                self._handle(command)
        self._end()
        time.sleep(ORPHAN_SECONDS)
        os._exit(0)  # something hangs, and nobody is there to notice

    def _handle(self, command: object) -> None:
        if isinstance(command, StopWatching):
            self._end()
        elif isinstance(command, ShowCamera) and self._run is not None:
            self._run.show_previews(command.camera, command.seconds)

    def _end(self) -> None:
        if self._run is None:
            os._exit(0)  # loading a network takes long, and nothing has begun that would be lost
        self.stop.set()


class _Teller(LiveWatcher):
    """Puts everything into the outbox, and remembers what the newest state of cameras is."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._statuses: dict[str, Status] = {}
        self._labels: dict[str, dict[str | None, tuple[float, tuple[Label, ...]]]] = {}
        """Of the newest clip of each region of a camera, and when it came."""
        self._next_tell = 0.0

    def start(self, header: Header) -> None:
        self._tell(records.header_record(header))

    def write(self, record: Record, header: Header) -> None:
        if isinstance(record, Event):
            self._tell(records.event_record(record, header))
        else:
            regions = self._labels.setdefault(header.source, {})
            regions[header.region] = time.monotonic(), record.labels[:SHOWN_LABELS]

    def status(self, status: Status) -> None:
        self._statuses[status.source] = status
        self._next_tell = 0.0
        self._tell(records.status_record(status))

    def evidence(self, evidence: Evidence) -> None:
        self._tell(records.evidence_record(evidence))

    def finish(self, source: str, summary: Summary) -> None:
        self._labels.pop(source, None)
        self._tell(records.end_record(summary, source))

    def notice(self, line: str) -> None:
        self._outbox.add(Notice(text=line))

    def preview(self, camera: str, time: Fraction, jpeg: bytes) -> None:
        self._outbox.add(Picture(camera=camera, time=time, jpeg=jpeg))

    def tell_of_cameras(self, run: LiveRun, *, is_last: bool = False) -> None:
        """Now and then, and at once where a state has changed."""
        now = time.monotonic()
        if now < self._next_tell and not is_last:
            return
        self._next_tell = now + TELL_SECONDS
        cameras = tuple(map(self._camera, run.snapshot()))
        self._outbox.add(Cameras(cameras=cameras, lost_lines=self._outbox.lost_lines))

    def _tell(self, line: records.Line) -> None:
        self._outbox.add(Told(line=records.to_line(line)))

    def _camera(self, seen: CameraSnapshot) -> Camera:
        status, silent, counts = self._statuses.get(seen.name), seen.silent_seconds, seen.counts
        return Camera(
            name=seen.name,
            state=seen.state,
            cause=status.cause if status is not None and status.state == seen.state else None,
            fps=round(seen.process_fps, 2),
            camera_fps=round(seen.capture_fps, 2),
            labels=self._seen_labels(seen.name),
            newest_time=None if silent is None else round(time.time() - silent, 3),
            reconnects=seen.reconnects,
            stalls=seen.stalls,
            dropped=counts.dropped + counts.decode_errors + counts.overrun,
        )

    def _seen_labels(self, camera: str) -> tuple[SeenLabel, ...]:
        oldest = time.monotonic() - FRESH_SECONDS
        found = [
            SeenLabel(label=label.label, score=round(label.score, 4), region=region)
            for region, (came, labels) in self._labels.get(camera, {}).items()
            for label in labels
            if came >= oldest
        ]
        return tuple(sorted(found, key=lambda seen: -seen.score)[:SHOWN_LABELS])
