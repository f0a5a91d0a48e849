"""Back from seconds to the integer timestamps of the stream."""

from ghoststream.types import Embedding, Header


def pts_of(embedding: Embedding, header: Header) -> int:
    """Presentation timestamp of the frame that an embedding was made of.

    Raises:
        ValueError: the time is no multiple of the time base, so it is not of a frame.
    """
    pts = embedding.span.start / header.stream.time_base
    if pts.denominator != 1:
        raise ValueError(
            f"{embedding.span.start} s is no timestamp in units of {header.stream.time_base} s"
        )
    return pts.numerator
