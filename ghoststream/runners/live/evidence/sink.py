"""Asks capture processes for clips and thumbnails of events, and keeps the disk from filling up.

sink = EvidenceSink(Path("evidence"), rules=EvidenceRules(), send=supervisor.send)
sink.write(event, header)  # send("door", KeepClip(...))
sink.tick()  # about once a second
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from filelock import FileLock, Timeout

from ghoststream.errors import ConfigError, OutputError
from ghoststream.runners.live.evidence.files import (
    SIDECAR_ENDING,
    THUMBNAIL_ENDING,
    adopt_partials,
    prune,
    stem_for,
)
from ghoststream.runners.live.messages import EndClip, KeepClip, KeepThumbnail, ToCapture
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sinks.live import LiveSink
from ghoststream.sinks.records import Line, event_record, evidence_record, header_record, to_line
from ghoststream.types import Event, Evidence, Header, Record

LOCK = ".lock"
LOOK_SECONDS = 60.0
"""From one look at all files to the next; sooner where a new one goes beyond the budget."""
ABANDONED_SECONDS = 3600.0
"""A partial file that has not grown for so long belongs to a process that was killed."""
MAX_STORIES = 1000
"""Events whose files are still expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """How much of an event is kept, and for how long."""

    pre_roll_seconds: Fraction = Fraction(5)
    post_roll_seconds: Fraction = Fraction(5)
    clip_max_seconds: Fraction = Fraction(60)
    """Of one file; longer events have several."""
    max_bytes: int = 10 * 10**9
    max_age_seconds: float = 14 * 86400.0


@dataclass(slots=True, kw_only=True)
class EvidenceCounts:
    """What the sink has done so far."""

    deleted_files: int = 0
    deleted_bytes: int = 0
    undeletable: int = 0
    """Files that should go, as of the last look, and that the system does not let us delete."""
    adopted_clips: int = 0
    """Left behind by killed processes, and given their final name."""
    unwritten_sidecars: int = 0


@dataclass(slots=True, kw_only=True)
class _Story:
    """An event and its files."""

    header: Header
    event: Event
    path: Path
    """Without ending."""
    files: list[Evidence] = field(default_factory=list)


class EvidenceSink(LiveSink):
    """Files for each event, in a directory of its own that no other run writes to.

    Beside the clip and the thumbnail lies `<name>.jsonl`: header, event and files as lines of the
    event log.

    Args:
        directory: made where it is not there.
        rules: what is kept.
        send: takes the name of a camera and a command for its process.
        clock: Unix seconds.

    Raises:
        ConfigError: another run keeps its evidence there.
        OutputError: it cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        *,
        rules: EvidenceRules,
        send: Callable[[str, ToCapture], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counts = EvidenceCounts()
        self._directory, self._rules, self._send, self._clock = directory, rules, send, clock
        self._stories: OrderedDict[str, _Story] = OrderedDict()
        self._nbytes = 0
        self._next_look = 0.0
        self._has_grown = False
        self._lock = _locked(directory)
        try:
            self._look_after_files(idle_seconds=0)
        except BaseException:
            self._lock.release()
            raise

    @property
    def nbytes(self) -> int:
        """Of all files, as of the last look at them and what was told since."""
        return self._nbytes

    def write(self, record: Record, header: Header) -> None:
        """Asks for a clip when an event begins, and says when it ends."""
        if not isinstance(record, Event):
            return
        if record.type == "new":
            self._begin(record, header)
        elif record.after.id in self._stories:
            self._stories[record.after.id].event = record
        if record.type == "end":
            self._end(record, header)

    def evidence(self, evidence: Evidence) -> None:
        """A file is there."""
        self._nbytes, self._has_grown = self._nbytes + evidence.nbytes, True
        story = self._stories.get(evidence.event_id)
        if story is not None:
            story.files.append(evidence)
            if evidence.kind == "clip":
                self._write_sidecar(story)

    def tick(self) -> None:
        """Deletes what is too old or too much; cheap where there is nothing to do.

        Raises:
            OutputError: the directory cannot be read any more.
        """
        if self._clock() >= self._next_look:
            self._look_after_files(idle_seconds=ABANDONED_SECONDS)
        elif self._has_grown and self._nbytes > self._rules.max_bytes:
            self._prune()

    def close(self) -> None:
        """Looks after the files once more, and lets others use the directory."""
        try:
            self._look_after_files(idle_seconds=ABANDONED_SECONDS)
        finally:
            self._lock.release()

    def _begin(self, event: Event, header: Header) -> None:
        camera, state = header.source, event.after
        path = self._directory.absolute() / stem_for(camera, header.region, state)
        self._stories[state.id] = _Story(header=header, event=event, path=path)
        if len(self._stories) > MAX_STORIES:
            self._stories.popitem(last=False)
        clip = KeepClip(
            event_id=state.id,
            since=state.start_time - self._rules.pre_roll_seconds,
            path=str(path),
            max_seconds=self._rules.clip_max_seconds,
        )
        thumbnail = KeepThumbnail(
            event_id=state.id,
            time=(state.start_time + state.frame_time) / 2,
            path=f"{path}{THUMBNAIL_ENDING}",
        )
        self._send(camera, clip)
        self._send(camera, thumbnail)

    def _end(self, event: Event, header: Header) -> None:
        state = event.after
        until = (state.end_time or state.frame_time) + self._rules.post_roll_seconds
        self._send(header.source, EndClip(event_id=state.id, until=until))
        story = self._stories.get(state.id)
        if story is not None and story.files:
            self._write_sidecar(story)

    def _write_sidecar(self, story: _Story) -> None:
        lines: list[Line] = [
            header_record(story.header),
            event_record(story.event, story.header),
            *(evidence_record(evidence) for evidence in story.files),
        ]
        # Not with_suffix: there is a dot in the time.
        file = AtomicFile(story.path.with_name(story.path.name + SIDECAR_ENDING))
        try:
            file.prepare()
            with output_errors(file.path):
                file.partial.write_text("".join(map(to_line, lines)), encoding="utf-8")
            file.commit()
        except OutputError:
            # As with the files themselves, a full disk must not end the run.
            self.counts.unwritten_sidecars += 1
        finally:
            file.discard()

    def _look_after_files(self, *, idle_seconds: float) -> None:
        now = self._clock()
        with output_errors(self._directory):
            adopted = adopt_partials(self._directory, now=now, idle_seconds=idle_seconds)
        self.counts.adopted_clips += adopted
        self._next_look = now + LOOK_SECONDS
        self._prune()

    def _prune(self) -> None:
        with output_errors(self._directory):
            pruned = prune(
                self._directory,
                max_bytes=self._rules.max_bytes,
                max_age_seconds=self._rules.max_age_seconds,
                now=self._clock(),
            )
        self.counts.deleted_files += pruned.files
        self.counts.deleted_bytes += pruned.nbytes
        self.counts.undeletable = pruned.undeletable
        self._nbytes, self._has_grown = pruned.remaining_bytes, False


def _locked(directory: Path) -> FileLock:
    # Not of one thread, since another may close the sink.
    lock = FileLock(directory / LOCK, thread_local=False)
    with output_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:  # a kind of OSError, too
            raise ConfigError(
                f"another run keeps its evidence in {directory}; give another directory"
            ) from None
    return lock
