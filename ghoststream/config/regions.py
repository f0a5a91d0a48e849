"""Parts of the picture that are looked at by themselves."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from ghoststream.config.values import Exact, first_repeated, well_named


def _regions(value: object) -> object:
    """`door=0.1,0.2,0.3,0.4`, one or several, to what a mapping would be."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple):
        return value
    pairs = [_region(str(item)) for item in value]
    names = [name for name, _ in pairs]
    if twice := first_repeated(names):
        raise ValueError(f"region {twice!r} is there twice; give each a name of its own")
    return dict(pairs)


def _region(text: str) -> tuple[str, tuple[str, ...]]:
    name, _, sides = text.partition("=")
    numbers = tuple(sides.split(","))
    if len(numbers) != 4:
        raise ValueError("a region looks like door=0.25,0.1,0.5,0.8: its name, then x, y, w, h")
    return name, numbers


def _within_picture(regions: "Regions") -> "Regions":
    for name, (x, y, width, height) in regions.items():
        well_named(name)
        is_empty = width <= 0 or height <= 0
        if x < 0 or y < 0 or is_empty or x + width > 1 or y + height > 1:
            raise ValueError(
                f"region {name!r} is x, y, width and height as fractions of the picture, such as "
                "0.25 instead of 480 of 1920 pixels, and lies within it"
            )
    return regions


Regions: TypeAlias = dict[str, tuple[Exact, Exact, Exact, Exact]]
"""x, y, width and height as fractions of the picture, as displayed, by name."""
CheckedRegions = Annotated[Regions, BeforeValidator(_regions), AfterValidator(_within_picture)]
