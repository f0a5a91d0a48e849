"""An image sequence: a directory of pictures, shots/*.png or shots/%04d.png."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ghoststream.sources.source import Stream

_ENDINGS = "png jpg jpeg bmp webp tif tiff ppm pgm pbm pam jxl"
PICTURE_SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesSource:
    """Pictures, `rate` of them a second, in the order given."""

    name: str
    paths: tuple[Path, ...]
    rate: Fraction = Fraction(25)

    @property
    def is_live(self) -> bool:
        return False

    def open(self) -> Stream:
        """Opens it for reading; pictures are opened one by one, as they are needed."""
        from ghoststream.video.pictures import PictureSequence

        return PictureSequence(self.paths, name=self.name, rate=self.rate)


def is_numbered_pattern(text: str) -> bool:
    """Whether it is a pattern such as shots/%04d.png."""
    return re.search(r"%0?\d*d", Path(text).name) is not None


def numbered(pattern: str) -> Sequence[Path]:
    """Existing files of a pattern such as shots/%04d.png, by number; gaps are fine."""
    path = Path(pattern)
    before, digits, after = re.split(r"(%0?\d*d)", path.name, maxsplit=1)
    width = int(digits.strip("%d") or 0)
    name = re.compile(rf"{re.escape(before)}(\d{{{max(width, 1)},}}){re.escape(after)}")
    found = [(name.fullmatch(p.name), p) for p in path.parent.glob("*") if p.is_file()]
    return [p for _, p in sorted((int(match[1]), p) for match, p in found if match)]
