"""What single settings may hold."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema


def _exact(value: object) -> Fraction:
    """`0.1`, `"0.1"`, `"30000/1001"` or a Fraction, without the detour through a binary float."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is not a number such as 2, 0.5 or 30000/1001") from None


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("must be above 0")
    return value


def _not_negative(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError("must not be below 0")
    return value


def several(value: object) -> object:
    """One is as good as a list of one."""
    if isinstance(value, Mapping):
        raise ValueError("give one, or a list: each behind a dash, or [first, second]")
    # A webcam's number comes out of YAML as one.
    return (str(value),) if isinstance(value, str | int | Path) else value


def first_repeated(names: Sequence[str]) -> str | None:
    """A name that is there twice."""
    return next((name for name in names if names.count(name) > 1), None)


def _page_name(path: Path) -> Path:
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError("it is a page, so its name must end in .html")
    return path


def well_named(name: str) -> str:
    """Refuses what looks like none."""
    if not name.strip() or not name.isprintable() or "://" in name:
        # Not shown: it may be an address that holds a password.
        raise ValueError("a name is a few printable letters, such as gate; an address is none")
    return name


Exact = Annotated[
    Fraction,
    BeforeValidator(_exact),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["number", "string"]}),
]
Positive = Annotated[Exact, AfterValidator(_positive)]
NotNegative = Annotated[Exact, AfterValidator(_not_negative)]
Score = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, AfterValidator(well_named)]
ReportPath: TypeAlias = Annotated[Path, AfterValidator(_page_name)]
