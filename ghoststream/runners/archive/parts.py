"""Parts of a long video that several workers look at, put together again.

parts = Parts(split)
parts.hear(1, message)
if parts.is_complete: whole = parts.whole(pipeline, source="long.mp4")
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from ghoststream.pipeline import EventPipeline
from ghoststream.runners.archive.analysis import Began, Ended, Findings, Pulse, Split
from ghoststream.runners.crew import Again
from ghoststream.types import Event, Finding, Header, NamedClip, SampledFrame


@dataclass(slots=True, kw_only=True)
class _Part:
    """What is told of one part."""

    header: Header | None = None
    frames: list[SampledFrame] = field(default_factory=list)
    ended: Ended | None = None


class Parts:
    """What has been told of the parts of one video.

    Args:
        split: how it was cut.
    """

    def __init__(self, split: Split) -> None:
        self.content_sha256 = split.content_sha256
        self._skipped = split.skipped
        self._samples = sum(len(numbers) for numbers in split.parts)
        self._parts = [_Part() for _ in split.parts]
        self._pulses = [Pulse() for _ in split.parts]

    def hear(self, number: int, message: object) -> None:
        """Takes in what is told of a part."""
        part = self._parts[number]
        if isinstance(message, Again):
            self._parts[number] = _Part()
        elif isinstance(message, Began):
            part.header = message.header
        elif isinstance(message, Findings):
            part.frames += [f for f in message.findings if isinstance(f, SampledFrame)]
        elif isinstance(message, Ended):
            part.ended = message
        elif isinstance(message, Pulse):
            self._pulses[number] = message

    def pulse(self) -> Pulse:
        """About how far the video has come: each part counts what lies before it, too."""
        share = sum(len(part.frames) for part in self._parts) / self._samples
        furthest = max(self._pulses, key=lambda pulse: pulse.frames)
        return Pulse(frames=round(share * furthest.frames), seconds=share * furthest.seconds)

    @property
    def is_complete(self) -> bool:
        """Whether all parts have come to their end."""
        return all(part.ended is not None for part in self._parts)

    def header(self) -> Header | None:
        """Of the video, if the parts hold what was foretold of them."""
        return self._parts[0].header if all(map(_holds, self._parts)) else None

    def findings(self, pipeline: EventPipeline, *, source: str) -> Iterator[Finding]:
        """All that is found in the video."""
        frames = chain.from_iterable(part.frames for part in self._parts)
        return pipeline.findings(frames, source=source)

    def ended(self, findings: list[Finding]) -> Ended:
        """How the analysis of the whole ended."""
        first = self._parts[0].ended
        assert first is not None
        summary = replace(
            first.summary,
            skipped=self._skipped,
            sampled=sum(isinstance(f, SampledFrame) for f in findings),
            clips=sum(isinstance(f, NamedClip) for f in findings),
            events=sum(isinstance(f, Event) and f.type == "new" for f in findings),
        )
        return replace(first, summary=summary, content_sha256=self.content_sha256)


def _holds(part: _Part) -> bool:
    """Whether a part is what packet headers had foretold: else all was decoded, as for damage."""
    ended = part.ended
    return (
        ended is not None
        and ended.summary.reason == "completed"
        and ended.summary.skipped > 0
        and part.header is not None
    )
