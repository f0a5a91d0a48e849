"""Times as people and players write them."""

from fractions import Fraction


def timecode(seconds: Fraction) -> str:
    """Hours, minutes, seconds and milliseconds, as in WebVTT; what lies before zero counts as zero.

    Example:
        >>> timecode(Fraction(90061, 25))
        '01:00:02.440'
    """
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
