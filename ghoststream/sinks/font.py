"""Writes text in any alphabet: with the bundled font, or with one that the system has.

text = Text("Überwachung", size_pixels=24)
text.draw(image_draw, x=10, baseline=40, color=(255, 255, 255, 255))
"""

import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias
from unicodedata import combining

from PIL import ImageFont
from PIL.ImageDraw import ImageDraw
from PIL.ImageFont import FreeTypeFont

BUNDLED = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
"""Covers Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and more."""

SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
PROBE_SIZE = 16
NOT_A_CHARACTER = "\uffff"
"""No font has it, so its picture is the box that stands for a missing letter."""

Color: TypeAlias = int | tuple[int, int, int, int]

log = logging.getLogger(__name__)


class Text:
    """A line of text, in runs of one font each, because few fonts have all alphabets.

    What no font can write is drawn as a box and logged once.

    Args:
        text: no line breaks.
        size_pixels: of the letters' em square.
    """

    def __init__(self, text: str, *, size_pixels: int) -> None:
        self._runs = [(run, _opened(path, size_pixels)) for run, path in split_by_font(text)]
        self.width = sum(font.getlength(run) for run, font in self._runs)
        """In pixels."""

    def draw(self, draw: ImageDraw, *, x: float, baseline: float, color: Color) -> None:
        """Draws from a left edge, standing on a baseline."""
        for run, font in self._runs:
            draw.text((x, baseline), run, color, font, anchor="ls")
            x += font.getlength(run)


def split_by_font(text: str) -> list[tuple[str, Path]]:
    """Runs of letters and the font of each; spaces and accents stay with the letter before."""
    runs: list[tuple[str, Path]] = []
    for letter in text:
        stays = bool(runs) and (letter.isspace() or bool(combining(letter)))
        path = runs[-1][1] if stays else font_for(letter)
        if runs and runs[-1][1] == path:
            runs[-1] = runs[-1][0] + letter, path
        else:
            runs.append((letter, path))
    return runs


@cache
def font_for(letter: str) -> Path:
    """The bundled font where it has the letter, else the first of the system that does."""
    if has_letter(BUNDLED, letter):
        return BUNDLED
    for path in _system_fonts():
        if has_letter(path, letter):
            return path
    log.warning(
        "no font on this system has %s (U+%04X), so it is drawn as a box; "
        "install one that does, such as Noto Sans",
        letter,
        ord(letter),
    )
    return BUNDLED


def has_letter(path: Path, letter: str) -> bool:
    """Whether a font draws a letter as itself, and not as a box."""
    font = _opened(path, PROBE_SIZE)
    return not letter.isprintable() or _drawn(font, letter) != _drawn(font, NOT_A_CHARACTER)


@cache
def _system_fonts() -> tuple[Path, ...]:
    """Fonts that can be opened, in order of path; plain upright ones before bold and slanted."""
    found = (
        path
        for folder in _font_folders()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and _is_scalable(path)
    )
    return tuple(sorted(found, key=_is_styled))


def _font_folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
        return
    if sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
        return
    yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    yield from (home / ".local/share/fonts", home / ".fonts")


def _is_scalable(path: Path) -> bool:
    try:
        _drawn(_opened(path, PROBE_SIZE), NOT_A_CHARACTER)
    except OSError:  # damaged, or made of bitmaps in one size only, as emoji often are
        return False
    return True


def _is_styled(path: Path) -> bool:
    return any(word in path.stem.lower() for word in ("bold", "italic", "oblique", "mono", "serif"))


@cache
def _opened(path: Path, size_pixels: int) -> FreeTypeFont:
    return ImageFont.truetype(path, size_pixels)


def _drawn(font: FreeTypeFont, text: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(text)
    return mask.size, bytes(mask)
