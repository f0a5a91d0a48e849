"""What was lost, in words.

losses_of(source)  # ['2 packets or pictures could not be decoded.']
"""

from ghoststream.report.source_log import SourceLog
from ghoststream.sinks.records import EndRecord

COUNTED = {
    "decode_errors": (
        "1 packet or picture could not be decoded.",
        "{} packets or pictures could not be decoded.",
    ),
    "dropped": (
        "1 frame was not used: its time does not come after that of the frame before.",
        "{} frames were not used: their times do not come after those of the frames before.",
    ),
    "overrun": (
        "1 frame was given up, because this machine did not keep up.",
        "{} frames were given up, because this machine did not keep up.",
    ),
    "reconnects": ("The connection was lost once.", "The connection was lost {} times."),
    "stalls": ("It stayed silent for too long once.", "It stayed silent for too long {} times."),
}
"""Sentences for one, and for more; the key is the field of the end record."""


def losses_of(source: SourceLog) -> list[str]:
    """A sentence for everything that is missing of a source, the gravest first.

    Args:
        source: read to the end of its log.

    Returns:
        Nothing where all of it was read.
    """
    sentences = [*_endings(source)]
    for name, (one, several) in COUNTED.items():
        count = total(source, name)
        if count:
            sentences.append(one if count == 1 else several.format(f"{count:,}"))
    return sentences


def total(source: SourceLog, name: str) -> int:
    """A count of the end record, added up where a camera was watched several times."""
    return sum(getattr(end, name) or 0 for end in source.ends)


def _endings(source: SourceLog) -> list[str]:
    sentences = [_failure(end) for end in source.ends if end.reason == "failed"]
    if not source.is_over:
        sentences.append("The log has no end of it: the run goes on, or was killed.")
    elif not source.is_live and any(end.reason == "interrupted" for end in source.ends):
        sentences.append("The run was interrupted; the rest of it was not looked at.")
    return sentences


def _failure(end: EndRecord) -> str:
    return f"It failed: {end.error}" if end.error else "It failed."
