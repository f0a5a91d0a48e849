"""Many moments on one picture: a thumbnail of each, with its time and its file's name below.

image = draw_contact_sheet([Tile(pixels=rgb, time="10.0 - 15.0 s", name="cat.mp4", score="0.93")])
image.save("hits.jpg")
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from ghoststream.sinks.font import Text
from ghoststream.types import Pixels

MAX_TILES = 200
THUMBNAIL = (320, 180)
"""Width and height in pixels; pictures of another shape are fitted into it."""
LETTERS, MARGIN, GAP = 15, 20, 16
LINE = 22
CAPTION = 2 * LINE + 8
MIN_COLUMNS, MAX_COLUMNS = 4, 8

PAPER = (18, 20, 24)
FRAME = (32, 35, 41)
"""Behind pictures of another shape."""
STRONG = (255, 255, 255, 255)
FAINT = (166, 174, 186, 255)
SCORE = (255, 186, 66, 255)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """One moment."""

    pixels: Pixels | None
    """H x W x 3; None where the picture could not be had, which the tile then says."""
    time: str
    name: str
    """One line, however long; its middle gives way."""
    score: str


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture when it is fitted into a tile.

    Example:
        >>> thumbnail_size(1080, 1920)
        (101, 180)
    """
    scale = min(THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def draw_contact_sheet(tiles: Sequence[Tile]) -> Image.Image:
    """Draws tiles row by row.

    Args:
        tiles: 1 to `MAX_TILES`, in order.
    """
    columns = _columns(len(tiles))
    rows = math.ceil(len(tiles) / columns)
    across, down = THUMBNAIL[0] + GAP, THUMBNAIL[1] + CAPTION + GAP
    size = 2 * MARGIN - GAP + columns * across, 2 * MARGIN - GAP + rows * down
    sheet = Image.new("RGB", size, PAPER)
    for index, tile in enumerate(tiles):
        x, y = MARGIN + index % columns * across, MARGIN + index // columns * down
        _draw_picture(sheet, tile, x, y)
        _draw_caption(ImageDraw.Draw(sheet), tile, x, y + THUMBNAIL[1])
    return sheet


def _columns(tiles: int) -> int:
    """About as wide as high, as far as that is legible."""
    square = math.ceil(math.sqrt(tiles))
    return min(tiles, max(MIN_COLUMNS, min(square, MAX_COLUMNS)))


def _draw_picture(sheet: Image.Image, tile: Tile, x: int, y: int) -> None:
    width, height = THUMBNAIL
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=FRAME)
    if tile.pixels is None:
        text = Text("cannot be read", size_pixels=LETTERS)
        text.draw(draw, x=x + (width - text.width) / 2, baseline=y + height / 2, color=FAINT)
        return
    picture = Image.fromarray(tile.pixels)
    picture = picture.resize(thumbnail_size(*picture.size), Image.Resampling.LANCZOS)
    sheet.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2))


def _draw_caption(draw: ImageDraw.ImageDraw, tile: Tile, x: int, y: int) -> None:
    width = THUMBNAIL[0]
    score = Text(tile.score, size_pixels=LETTERS)
    score.draw(draw, x=x + width - score.width, baseline=y + LINE, color=SCORE)
    time = Text(tile.time, size_pixels=LETTERS)
    time.draw(draw, x=x, baseline=y + LINE, color=STRONG)
    name = without_middle(tile.name, lambda text: Text(text, size_pixels=LETTERS).width <= width)
    Text(name, size_pixels=LETTERS).draw(draw, x=x, baseline=y + 2 * LINE, color=FAINT)


def without_middle(text: str, fits: Callable[[str], bool]) -> str:
    """The text, or as much of its two ends as fits: the end of a file's name tells much.

    Example:
        >>> without_middle("holiday-2024.mp4", lambda text: len(text) <= 9)
        'holi….mp4'
    """
    if fits(text):
        return text
    lengths = range(len(text) - 1, 0, -1)
    shorter = (f"{text[: n - n // 2]}…{text[len(text) - n // 2 :]}" for n in lengths)
    return next((shortened for shortened in shorter if fits(shortened)), "…")
