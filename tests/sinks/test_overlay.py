import logging
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from results import prediction

from ghoststream.sinks.font import BUNDLED, Text, font_for, has_letter, split_by_font
from ghoststream.sinks.heatmap import color_heat, make_heat_stamp, pixel_box, visible
from ghoststream.sinks.overlay import Layout, Overlay, fitted
from ghoststream.sinks.stamp import make_stamp
from ghoststream.video.encode import Canvas, Painter

SIZES = [(320, 240), (640, 360), (1920, 1080), (1080, 1920), (160, 120), (66, 50), (4000, 40)]


class GreyPicture:
    def __init__(self, width: int, height: int) -> None:
        self.width, self.height, self.nbytes = width, height, 0

    def rgb(self, size: tuple[int, int] | None = None) -> np.ndarray:
        return np.full((self.height, self.width, 3), 128, np.uint8)


def canvas_of(width: int, height: int) -> Canvas:
    return Painter(width=width, height=height).paint(GreyPicture(width, height))


def drawn(text: str, size: int = 32) -> np.ndarray:
    image = Image.new("L", (400, 60))
    Text(text, size_pixels=size).draw(ImageDraw.Draw(image), x=4, baseline=44, color=255)
    return np.asarray(image)


@pytest.mark.parametrize("size", SIZES)
def test_band_stays_in_the_lower_half(size: tuple[int, int]) -> None:
    width, height = size
    canvas = canvas_of(width, height)
    upper = canvas.y[: height // 2].copy()
    overlay = Overlay(width=width, height=height, matrix=1)
    overlay.draw(canvas, prediction(0), frozenset(), Fraction(3))
    np.testing.assert_array_equal(canvas.y[: height // 2], upper)
    is_thumbnail = size in [(66, 50), (4000, 40)]
    assert (canvas.y.max() > 200) != is_thumbnail


def test_clock_changes_and_nothing_else_does() -> None:
    pictures = []
    for time in (Fraction(0), Fraction(59, 1)):
        canvas = canvas_of(640, 360)
        overlay = Overlay(width=640, height=360, matrix=1)
        overlay.draw(canvas, prediction(0), frozenset(), time)
        pictures.append(canvas.y.copy())
    rows, columns = np.nonzero(pictures[0] != pictures[1])
    assert len(rows) > 0
    assert columns.min() > 640 * 0.8


def test_band_grows_and_takes_the_clock_along() -> None:
    overlay = Overlay(width=640, height=360, matrix=1)
    overlay.draw(canvas_of(640, 360), prediction(0, "one"), frozenset(), Fraction(0))
    grown, fresh = canvas_of(640, 360), canvas_of(640, 360)
    overlay.draw(grown, prediction(0, "one", "two", "three"), frozenset(), Fraction(0))
    Overlay(width=640, height=360, matrix=1).draw(
        fresh, prediction(0, "one", "two", "three"), frozenset(), Fraction(0)
    )
    np.testing.assert_array_equal(grown.y, fresh.y)


def test_layout_grows_with_the_picture() -> None:
    layouts = [Layout(width=width, height=height) for width, height in SIZES[:4]]
    assert [layout.large for layout in layouts] == [14, 20, 59, 45]
    assert [layout.small for layout in layouts] == [11, 13, 40, 30]


@pytest.mark.parametrize("label", ["espresso", "Überwachung", "кошка", "Ελλάδα", "قهوة", "Łódź"])
def test_bundled_font_writes(label: str) -> None:
    assert {path for _, path in split_by_font(label)} == {BUNDLED}
    boxes = drawn("\uffff" * len(label))
    assert (drawn(label) != boxes).any()
    assert drawn(label).max() == 255


def test_different_words_look_different() -> None:
    assert (drawn("кошка") != drawn("кошки")).any()
    assert (drawn("e\u0301") != drawn("e")).any()


def test_system_font_writes_what_the_bundled_one_lacks() -> None:
    assert not has_letter(BUNDLED, "咖")
    path = font_for("咖")
    if path == BUNDLED:
        pytest.skip("no font on this system has Chinese letters")
    assert ImageFont.truetype(path, 20).getbbox("咖") is not None
    assert split_by_font("咖啡 espresso") == [("咖啡 ", path), ("espresso", BUNDLED)]
    assert (drawn("咖") != drawn("\uffff")).any()


def test_letter_without_a_font_is_a_box_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hieroglyph = "\U00013000"
    font_for.cache_clear()
    if font_for(hieroglyph) != BUNDLED:
        pytest.skip("a font on this system has even Egyptian hieroglyphs")
    caplog.clear()
    font_for.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert split_by_font(f"a{hieroglyph}") == [(f"a{hieroglyph}", BUNDLED)]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "U+13000" in record.getMessage()


def test_long_label_ends_in_an_ellipsis() -> None:
    text = "a label that nobody would ever give to a class"
    assert fitted(text, 20, 100).width <= 100
    assert fitted(text, 20, 1000).width > 300
    assert fitted(text, 20, 1).width == 0


def test_bundled_font_comes_with_its_licence() -> None:
    licence = BUNDLED.with_name("LICENSE").read_text("utf-8")
    assert "Bitstream" in licence
    assert "Permission is hereby granted" in licence


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
def test_opaque_white_stamp_is_white_in_every_matrix(matrix: int) -> None:
    canvas = canvas_of(32, 32)
    make_stamp(np.full((8, 8, 4), 255, np.uint8), x=8, y=16, matrix=matrix).onto(canvas, dx=2)
    assert set(canvas.y[16:24, 10:18].ravel()) == {235}
    assert set(canvas.u[8:12, 5:9].ravel()) == {128}
    assert canvas.y[16, 9] == canvas.y[15, 10] == canvas.y[24, 10] == 126


def test_half_opaque_stamp_blends() -> None:
    canvas = canvas_of(32, 32)
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[..., 3] = 51
    make_stamp(rgba, x=0, y=0, matrix=1).onto(canvas)
    assert canvas.y[0, 0] == round(126 * 0.8 + 16 * 0.2)


def test_red_stamp_is_red() -> None:
    canvas = canvas_of(16, 16)
    rgba = np.tile(np.array([255, 0, 0, 255], np.uint8), (16, 16, 1))
    make_stamp(rgba, x=0, y=0, matrix=1).onto(canvas)
    corner = canvas.y[0, 0], canvas.u[0, 0], canvas.v[0, 0]
    np.testing.assert_allclose(corner, (63, 102, 240), atol=1)


@pytest.mark.parametrize(("shape", "place"), [((7, 8), (0, 0)), ((8, 8), (1, 0)), ((8, 8), (0, 3))])
def test_odd_stamps_are_refused(shape: tuple[int, int], place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="chroma has half the resolution"):
        make_stamp(np.zeros((*shape, 4), np.uint8), x=place[0], y=place[1], matrix=1)


def test_cold_heat_leaves_the_picture_alone() -> None:
    canvas, before = canvas_of(64, 48), canvas_of(64, 48)
    make_heat_stamp(np.zeros((7, 7), np.float32), (0, 0, 64, 48), 1).onto(canvas)
    np.testing.assert_array_equal(canvas.y, before.y)
    assert color_heat(np.ones((1, 1), np.float32))[0, 0, 3] == 153


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ((0, 0, 1, 1), (0, 0, 66, 50)),
        ((0.125, 0, 0.875, 1), (8, 0, 50, 50)),
        ((1, 1, 1, 1), (64, 48, 2, 2)),
    ],
)
def test_pixel_box(region: tuple[float, ...], box: tuple[int, ...]) -> None:
    assert pixel_box(region, 66, 50) == box  # type: ignore[arg-type]


def test_heat_outside_of_the_picture_is_cut_off() -> None:
    heat = np.zeros((8, 8), np.float32)
    heat[2:4, 4:6] = 1
    heat[0] = 1  # above the picture
    shown, region = visible(heat, (0, -0.5, 1, 1.5))
    assert region == (0, 0, 1, 1)
    # The picture is the four rows in the middle, 16 numbers each; the eight columns have 8 each.
    assert shown.shape == (64, 64)
    assert shown[10:22, 38:42].min() > 0.9
    assert shown[:, :24].max() < 0.1
    assert shown[44:].max() < 0.1


def test_heat_inside_of_the_picture_stays() -> None:
    heat = np.eye(7, dtype=np.float32)
    assert visible(heat, (0.2, 0, 0.8, 1))[0] is heat
    assert visible(heat, (0.2, 0, 0.8, 1))[1] == (0.2, 0, 0.8, 1)


def test_font_file_is_where_the_package_is() -> None:
    assert Path(__file__).parents[2] / "ghoststream" / "sinks" / "fonts" == BUNDLED.parent
