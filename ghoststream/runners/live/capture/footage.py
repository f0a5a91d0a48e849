"""The evidence side of a capture process: packets in memory, and the files that are cut from them.

footage = Footage(source="door", stream=reader.stream, ring=ring, emit=connection.send)
footage.feed(packet)  # the reader's thread
footage.handle(KeepClip(...))  # the thread that hears commands
footage.end_all()  # the stream is over
footage.close()
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

from ghoststream.errors import GhostStreamError, OutputError
from ghoststream.runners.live.messages import EndClip, KeepClip, KeepThumbnail, Kept, NotKept
from ghoststream.sinks.atomic import AtomicFile, numbered, output_errors
from ghoststream.types import Evidence, TimeSpan
from ghoststream.video.recording import Recording, ending_for
from ghoststream.video.ring import LivePacket, Ring
from ghoststream.video.template import Template, template_of
from ghoststream.video.thumbnail import thumbnail_at

THUMBNAIL_SIDE = 640
"""Pixels of its longer side."""


class Footage:
    """Keeps clips and thumbnails of events.

    One thread may call `feed` while others call `handle` and `end_all`; a lock keeps them apart,
    and is held only while packets are handed on. What takes longer (decoding a thumbnail, waiting
    for the disk to have a whole file) happens in a third thread, which also calls `emit`.

    Args:
        source: name of the camera, for what is told of its files.
        stream: whose packets they are; may be closed while there is still work to do.
        ring: the packets in memory.
        emit: takes what became of each file, one after the other; must not call back.
    """

    def __init__(
        self,
        *,
        source: str,
        stream: Template,
        ring: Ring,
        emit: Callable[[Kept | NotKept], None],
    ) -> None:
        self._source, self._ring, self._emit = source, ring, emit
        self._template = template_of(stream)
        self._clips: dict[str, _Clip] = {}
        self._newest: LivePacket | None = None
        self._has_ended = False
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._slow_work = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evidence")

    def feed(self, packet: LivePacket) -> None:
        """Takes the next packet of the stream, in the order of decoding."""
        with self._lock:
            self._ring.add(packet)
            self._newest = packet
            for clip in list(self._clips.values()):
                self._write(clip, [packet])

    def handle(self, command: KeepClip | EndClip | KeepThumbnail) -> None:
        """Does what the parent asks for; what becomes of it is told through `emit`."""
        with self._lock:
            if isinstance(command, EndClip):
                self._end_clip(command)
            elif isinstance(command, KeepClip):
                self._keep_clip(command)
            else:
                packets = self._ring.since(command.time)
                self._later(command.event_id, partial(self._keep_thumbnail, command, packets))

    def end_all(self) -> None:
        """Ends all clips as they are, since the stream has ended; waits until all is told.

        What is asked for later gets what is in memory.
        """
        with self._lock:
            self._has_ended = True
            for clip in list(self._clips.values()):
                self._finish(clip, is_cut_short=True)
        self._slow_work.submit(lambda: None).result()  # it does one thing after the other

    def close(self) -> None:
        """Waits until all is told; nothing more may be asked for."""
        self._slow_work.shutdown(wait=True)

    def _keep_clip(self, command: KeepClip) -> None:
        if command.event_id not in self._clips:
            clip = self._clips[command.event_id] = _Clip(command, self._template)
            self._write(clip, self._ring.since(command.since))
        if self._has_ended and command.event_id in self._clips:
            self._finish(self._clips[command.event_id], is_cut_short=True)

    def _end_clip(self, command: EndClip) -> None:
        clip = self._clips.get(command.event_id)
        if clip is None:
            return  # it could not be kept, which was told then
        clip.until = command.until
        if self._newest is not None and clip.is_over(self._newest):
            self._finish(clip, is_cut_short=False)

    def _write(self, clip: "_Clip", packets: Iterable[LivePacket]) -> None:
        try:
            for packet in packets:
                self._later_kept(clip, clip.add(packet))
                if clip.is_over(packet):
                    self._finish(clip, is_cut_short=False)
                    return
        except OutputError as error:
            self._give_up(clip, str(error))

    def _finish(self, clip: "_Clip", *, is_cut_short: bool) -> None:
        del self._clips[clip.event_id]
        if clip.file is None:
            self._not_kept(clip.event_id, "no keyframe came before its end")
        self._later_kept(clip, clip.file, is_cut_short=is_cut_short)

    def _give_up(self, clip: "_Clip", cause: str) -> None:
        del self._clips[clip.event_id]
        if clip.file is not None:
            clip.file.discard()
        self._not_kept(clip.event_id, cause)

    def _not_kept(self, event_id: str, cause: str) -> None:
        self._slow_work.submit(self._send, NotKept(event_id=event_id, cause=cause))

    def _later_kept(
        self, clip: "_Clip", file: "_ClipFile | None", *, is_cut_short: bool = False
    ) -> None:
        if file is not None:
            is_whole = not is_cut_short and clip.reaches_back(file)
            self._later(clip.event_id, partial(self._close, clip.event_id, file, is_whole))

    def _close(self, event_id: str, file: "_ClipFile", is_whole: bool) -> Evidence:
        try:
            nbytes = file.commit()
        except OutputError:
            file.discard()
            raise
        return Evidence(
            source=self._source,
            event_id=event_id,
            kind="clip",
            path=str(file.path),
            span=file.span,
            nbytes=nbytes,
            is_whole=is_whole,
        )

    def _keep_thumbnail(self, command: KeepThumbnail, packets: list[LivePacket]) -> Evidence:
        thumbnail = thumbnail_at(command.time, packets, self._template, max_side=THUMBNAIL_SIDE)
        path = Path(command.path)
        _write_whole(path, thumbnail.jpeg)
        return Evidence(
            source=self._source,
            event_id=command.event_id,
            kind="thumbnail",
            path=str(path),
            span=TimeSpan(start=thumbnail.time, end=thumbnail.time),
            nbytes=len(thumbnail.jpeg),
            is_whole=thumbnail.time <= command.time,
        )

    def _later(self, event_id: str, work: Callable[[], Evidence]) -> None:
        self._slow_work.submit(self._tell, event_id, work)

    def _tell(self, event_id: str, work: Callable[[], Evidence]) -> None:
        try:
            message: Kept | NotKept = Kept(evidence=work())
        except GhostStreamError as error:
            message = NotKept(event_id=event_id, cause=str(error))
        except Exception as error:  # noqa: BLE001 - the edge of a worker: one file, not the stream
            cause = f"unexpected {type(error).__name__}: {error}"
            message = NotKept(event_id=event_id, cause=cause)
        self._send(message)

    def _send(self, message: Kept | NotKept) -> None:
        with self._sending:
            self._emit(message)


class _Clip:
    """What becomes of one event's clip: one file, or several if it takes long."""

    def __init__(self, command: KeepClip, template: Template) -> None:
        self._command, self._template = command, template
        self._ending = ending_for(template)
        self._index = 0
        self.file: _ClipFile | None = None
        self.until: Fraction | None = None

    @property
    def event_id(self) -> str:
        return self._command.event_id

    def add(self, packet: LivePacket) -> "_ClipFile | None":
        """Writes a packet; returns the file that ended before it, where one did.

        Raises:
            OutputError: a file cannot be written.
        """
        ended = self._ended_before(packet)
        if self.file is None and packet.is_keyframe:
            # Not with_suffix: there is a dot in the time.
            path = numbered(Path(self._command.path + self._ending), self._index)
            self.file = _ClipFile(path, self._template, follows_another=self._index > 0)
            self._index += 1
        if self.file is not None:
            self.file.add(packet)
        return ended

    def is_over(self, packet: LivePacket) -> bool:
        """Whether all that is shown up to the end has come, even where pictures are reordered."""
        return self.until is not None and packet.dts * packet.time_base >= self.until

    def reaches_back(self, file: "_ClipFile") -> bool:
        """Whether a file of this clip begins where it should."""
        return file.span.start <= self._command.since or file.follows_another

    def _ended_before(self, packet: LivePacket) -> "_ClipFile | None":
        if self.file is None or not packet.is_keyframe:
            return None
        if packet.time - self.file.span.start < self._command.max_seconds:
            return None
        ended, self.file = self.file, None
        return ended


class _ClipFile:
    """One file of a clip, under its partial name until it is whole."""

    def __init__(self, path: Path, template: Template, *, follows_another: bool) -> None:
        self.path, self.follows_another = path, follows_another
        self._file = AtomicFile(path)
        self._file.prepare()
        with output_errors(path):
            self._recording = Recording(self._file.partial, template)

    @property
    def span(self) -> TimeSpan:
        return self._recording.span

    def add(self, packet: LivePacket) -> None:
        with output_errors(self.path):
            self._recording.add(packet)

    def commit(self) -> int:
        """Gives it its final name; returns its size in bytes."""
        with output_errors(self.path):
            self._recording.close()
            nbytes = self._file.partial.stat().st_size
        self._file.commit()
        return nbytes

    def discard(self) -> None:
        self._recording.discard()
        self._file.discard()


def _write_whole(path: Path, data: bytes) -> None:
    file = AtomicFile(path)
    file.prepare()
    try:
        with output_errors(path):
            file.partial.write_bytes(data)
        file.commit()
    finally:
        file.discard()
