"""What is drawn on each frame: a dark band with labels, score bars and the clock.

overlay = Overlay(width=640, height=360, matrix=1)
overlay.draw(canvas, prediction, active=frozenset({504}), time=Fraction(3))
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from ghoststream.sinks.font import Text
from ghoststream.sinks.stamp import Rgba, Stamp, make_stamp
from ghoststream.sinks.timecode import timecode
from ghoststream.types import Label, Prediction
from ghoststream.video.encode import Canvas

MAX_LABELS = 3
CLOCK_LETTERS = len("00:00:00.000")
BAR_SHARE = 0.3
"""Of the width that names and bars have together."""
CAPITAL_HALF = 0.36
"""Half the height of a capital letter, as a part of the font's size."""

BAND = (14, 16, 20, 168)
TRACK = (84, 90, 100, 190)
BAR = (150, 182, 214, 255)
ACTIVE_BAR = (255, 186, 66, 255)
"""Of a label whose event is going on."""
STRONG = (255, 255, 255, 255)
FAINT = (206, 212, 220, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Measures in pixels, in proportion to the picture."""

    width: int
    height: int

    @property
    def _unit(self) -> float:
        """A portrait picture is measured by its width, or labels would not fit."""
        return min(self.height, self.width * 3 / 4)

    @property
    def large(self) -> int:
        """Letters of the best label."""
        return max(14, round(self._unit * 0.055))

    @property
    def small(self) -> int:
        """Letters of the others, of scores and of the clock."""
        return max(11, round(self._unit * 0.037))

    @property
    def padding(self) -> int:
        return max(6, round(self._unit * 0.028))

    @property
    def has_band(self) -> bool:
        """Nothing is drawn on a thumbnail: letters would hide it, or not be legible."""
        return self.width >= 10 * self.small and self.height >= 2 * self.band_height(1)

    @property
    def has_clock(self) -> bool:
        return self.width >= 20 * self.small

    @property
    def max_rows(self) -> int:
        """So many that the band leaves the upper half of the picture free."""
        rows = range(MAX_LABELS, 1, -1)
        return next((n for n in rows if 2 * self.band_height(n) <= self.height), 1)

    def row_height(self, index: int) -> int:
        return round(self.large * 1.4) if index == 0 else round(self.small * 1.5)

    def band_height(self, rows: int) -> int:
        return _even(2 * self.padding + sum(map(self.row_height, range(rows))))


class Overlay:
    """Draws on canvases of one size, and keeps what it has drawn before.

    Args:
        width: of the canvas in pixels, even.
        height: likewise.
        matrix: colour matrix of the video, by its number in ITU-T H.273.
    """

    def __init__(self, *, width: int, height: int, matrix: int) -> None:
        self._layout, self._matrix = Layout(width=width, height=height), matrix
        self._rows = 1
        self._band: tuple[object, Stamp] | None = None
        self._letters = cache(self._letter)

    def draw(
        self, canvas: Canvas, prediction: Prediction | None, active: frozenset[int], time: Fraction
    ) -> None:
        """Draws the band for a prediction, or for none, and the time.

        Args:
            canvas: of the size given before.
            prediction: whose labels are shown.
            active: ids of the labels whose events are going on.
            time: of the frame in seconds from the start of the video.
        """
        if not self._layout.has_band:
            return
        labels = prediction.labels[: self._layout.max_rows] if prediction else ()
        # A band that shrinks with every weaker clip would jump; it only ever grows.
        self._rows = max(self._rows, len(labels))
        self._band_for(labels, active).onto(canvas)
        if self._layout.has_clock:
            self._draw_clock(canvas, timecode(time))

    def _band_for(self, labels: tuple[Label, ...], active: frozenset[int]) -> Stamp:
        key = (self._rows, labels, active)
        if self._band is None or self._band[0] != key:
            picture = draw_band(self._layout, labels, active, rows=self._rows)
            y = self._layout.height - picture.shape[0]
            self._band = key, make_stamp(picture, x=0, y=y, matrix=self._matrix)
        return self._band[1]

    def _draw_clock(self, canvas: Canvas, text: str) -> None:
        stamps = [self._letters(letter, self._rows) for letter in text]
        x = _even_down(self._layout.width - self._layout.padding - sum(map(_width, stamps)))
        for stamp in stamps:
            stamp.onto(canvas, dx=x)
            x += _width(stamp)

    def _letter(self, letter: str, rows: int) -> Stamp:
        layout = self._layout
        top = layout.height - layout.band_height(rows) + layout.padding
        y = _even_down(top)
        picture = draw_letter(letter, layout, middle=top - y + layout.row_height(0) / 2)
        return make_stamp(picture, x=0, y=y, matrix=self._matrix)


def draw_band(
    layout: Layout, labels: tuple[Label, ...], active: frozenset[int], *, rows: int
) -> Rgba:
    """The band as a picture, H x W x 4, without the clock."""
    image = Image.new("RGBA", (layout.width, layout.band_height(rows)), BAND)
    draw = ImageDraw.Draw(image)
    y = layout.padding
    for index, label in enumerate(labels):
        _draw_row(draw, layout, label, index=index, y=y, is_active=label.label_id in active)
        y += layout.row_height(index)
    return np.asarray(image)


def draw_letter(letter: str, layout: Layout, *, middle: float) -> Rgba:
    """A letter of the clock in a cell as wide as any digit, so that the clock stands still."""
    size = layout.small
    text = Text(letter, size_pixels=size)
    width = _digit_width(size) if letter.isdigit() else _even(round(text.width))
    mask = Image.new("L", (width, _even(layout.row_height(0) + 1)))
    x, baseline = (width - text.width) / 2, middle + size * CAPITAL_HALF
    text.draw(ImageDraw.Draw(mask), x=x, baseline=baseline, color=255)
    image = Image.new("RGBA", mask.size, STRONG)
    image.putalpha(mask)
    return np.asarray(image)


def fitted(text: str, size: int, width: float) -> Text:
    """The text, cut off with an ellipsis where it is wider than `width` pixels."""
    whole = Text(text, size_pixels=size)
    if whole.width <= width:
        return whole
    lengths = range(len(text), -1, -1)
    shorter = (Text(text[:n].rstrip() + "…", size_pixels=size) for n in lengths)
    return next((text for text in shorter if text.width <= width), Text("", size_pixels=size))


def _draw_row(
    draw: ImageDraw.ImageDraw,
    layout: Layout,
    label: Label,
    *,
    index: int,
    y: int,
    is_active: bool,
) -> None:
    size, color = (layout.large, STRONG) if index == 0 else (layout.small, FAINT)
    middle = y + layout.row_height(index) / 2
    columns = _columns(layout)
    name = fitted(" ".join(label.label.split()), size, columns.name_width)
    name.draw(draw, x=layout.padding, baseline=middle + size * CAPITAL_HALF, color=color)
    bar_color = ACTIVE_BAR if is_active else BAR
    _draw_bar(draw, columns, middle, max(2, size * 0.16), label.score, bar_color)
    score = Text(f"{label.score:.0%}", size_pixels=layout.small)
    baseline = middle + layout.small * CAPITAL_HALF
    score.draw(draw, x=columns.score_end - score.width, baseline=baseline, color=color)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Names from the left, then bars, then scores, then the clock; in pixels."""

    name_width: float
    bar_start: float
    bar_width: float
    score_end: float


def _columns(layout: Layout) -> _Columns:
    clock = CLOCK_LETTERS * _digit_width(layout.small) if layout.has_clock else 0
    score_end = layout.width - layout.padding - (clock + 2 * layout.padding if clock else 0)
    score_width = Text("100%", size_pixels=layout.small).width
    bar_end = score_end - score_width - layout.padding
    bar_width = (bar_end - layout.padding) * BAR_SHARE
    bar_start = bar_end - bar_width
    return _Columns(
        name_width=bar_start - 2 * layout.padding,
        bar_start=bar_start,
        bar_width=bar_width,
        score_end=score_end,
    )


def _draw_bar(
    draw: ImageDraw.ImageDraw,
    columns: _Columns,
    middle: float,
    half_height: float,
    score: float,
    color: tuple[int, int, int, int],
) -> None:
    x, top, bottom = columns.bar_start, middle - half_height, middle + half_height
    draw.rectangle((x, top, x + columns.bar_width, bottom), fill=TRACK)
    if score > 0:
        draw.rectangle((x, top, x + max(1, columns.bar_width * score), bottom), fill=color)


def _digit_width(size: int) -> int:
    return _even(round(Text("0", size_pixels=size).width))


def _width(stamp: Stamp) -> int:
    return int(stamp.layers[0].keep.shape[1])


def _even(number: int) -> int:
    return number + number % 2


def _even_down(number: int) -> int:
    return number - number % 2
