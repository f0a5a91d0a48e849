"""What several readers have met, as one."""

from dataclasses import fields

from ghoststream.types import Counts


def total(*counts: Counts) -> Counts:
    """The sum of each count, in a new object.

    Example:
        >>> total(Counts(frames=2), Counts(frames=3, overrun=1))
        Counts(frames=5, skipped=0, dropped=0, decode_errors=0, overrun=1)
    """
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: sum(getattr(one, name) for one in counts) for name in names})
