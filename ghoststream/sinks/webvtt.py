"""Subtitles that name the events, for any player that reads WebVTT.

with Subtitles(Path("clip.vtt")) as subtitles: ...

https://www.w3.org/TR/webvtt1/
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ghoststream.sinks.atomic import AtomicFile, numbered, output_errors
from ghoststream.sinks.sink import Sink
from ghoststream.sinks.timecode import timecode
from ghoststream.types import Event, EventState, Header, Record, Summary

SHORTEST_CUE_SECONDS = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A text with the times between which a player shows it, counted from the video's start."""

    start: Fraction
    end: Fraction
    id: str
    text: str


class Subtitles(Sink):
    """A cue for each event, from its start to its end; memory grows with the number of events.

    Players count from zero, so times are relative to the start of the stream. A subtitle file
    belongs to one video: a second source goes to `clip-2.vtt`, and so on.

    Args:
        path: the file of the first source.
    """

    def __init__(self, path: Path | str) -> None:
        self._path, self._sources = Path(path), 0
        self._file: AtomicFile | None = None
        self._header: Header | None = None
        self._cues: list[Cue] = []

    def start(self, header: Header) -> None:
        self.discard()
        self._header, self._cues = header, []
        self._file = AtomicFile(numbered(self._path, self._sources))
        self._file.prepare()
        self._sources += 1

    def write(self, item: Record) -> None:
        header, _ = self._started()
        if isinstance(item, Event) and item.type == "end":
            self._cues.append(_cue(item.after, header))

    def finish(self, summary: Summary) -> None:
        header, file = self._started()
        text = document(self._cues, source=header.source)
        with output_errors(file.path):
            file.partial.write_bytes(text.encode(errors="replace"))
        file.commit()
        self._file = None

    def close(self) -> None:
        self.discard()

    def discard(self) -> None:
        """A source that was begun and not finished leaves nothing."""
        if self._file is not None:
            self._file.discard()
            self._file = None

    def _started(self) -> tuple[Header, AtomicFile]:
        if self._header is None or self._file is None:
            raise ValueError("start(header) comes before anything else")
        return self._header, self._file


def document(cues: list[Cue], *, source: str) -> str:
    """The whole file; cues are sorted by start, as the specification asks."""
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.end, cue.id))
    blocks = ["WEBVTT", f"NOTE Events in {escape(source)}", *map(_block, ordered)]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text as a cue may hold it: one line, and no character that begins a tag or an entity.

    Example:
        >>> escape("R&B <live>")
        'R&amp;B &lt;live&gt;'
    """
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cue(state: EventState, header: Header) -> Cue:
    origin = header.stream.start_time or Fraction(0)
    if state.end_time is None:
        raise ValueError(f"an event that ends has an end time: {state}")
    start = state.start_time - origin
    # A cue of no length is not valid.
    end = max(state.end_time - origin, start + SHORTEST_CUE_SECONDS)
    return Cue(start=start, end=end, id=state.id, text=f"{state.label} {state.top_score:.0%}")


def _block(cue: Cue) -> str:
    times = f"{timecode(cue.start)} --> {timecode(cue.end)}"
    return f"{escape(cue.id)}\n{times}\n{escape(cue.text)}"
