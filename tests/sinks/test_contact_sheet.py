import numpy as np
import pytest

from ghoststream.sinks.contact_sheet import (
    MAX_TILES,
    THUMBNAIL,
    Tile,
    draw_contact_sheet,
    thumbnail_size,
    without_middle,
)

RED = np.full((90, 160, 3), (200, 0, 0), np.uint8)


def tile(pixels: np.ndarray | None = RED, name: str = "a.mp4") -> Tile:
    return Tile(pixels=pixels, time="1.0 – 2.0 s", name=name, score="0.90")


@pytest.mark.parametrize(
    ("tiles", "columns", "rows"), [(1, 1, 1), (4, 4, 1), (5, 4, 2), (30, 6, 5), (MAX_TILES, 8, 25)]
)
def test_a_sheet_is_as_wide_as_its_tiles_want(tiles: int, columns: int, rows: int) -> None:
    sheet = draw_contact_sheet([tile()] * tiles)
    assert sheet.size == (24 + columns * 336, 24 + rows * 248)


def test_each_picture_fills_its_place_in_proportion() -> None:
    tall = np.full((400, 100, 3), (0, 0, 200), np.uint8)
    pixels = np.asarray(draw_contact_sheet([tile(), tile(tall)]))
    assert tuple(pixels[20 + 90, 20 + 160]) == (200, 0, 0)
    row = pixels[20 + 90, 20 + 336 : 20 + 336 + THUMBNAIL[0]]
    assert (row == (0, 0, 200)).all(axis=1).sum() == 45


def test_names_stay_in_their_tile_whatever_they_are() -> None:
    for name in ("x" * 300, "Überwachung " * 20, "фильм" * 30, "\\udcff.mp4"):
        pixels = np.asarray(draw_contact_sheet([tile(name=name), tile(name="")]))
        between = pixels[20:, 20 + THUMBNAIL[0] + 2 : 20 + 336]
        assert (between == pixels[0, 0]).all()


def test_what_cannot_be_read_is_said_in_its_tile() -> None:
    there, missing = (np.asarray(draw_contact_sheet([tile(p)])) for p in (RED, None))
    assert (missing[20:200, 20:340] != there[20:200, 20:340]).any(axis=2).all()
    assert missing[90:130, 100:260].max() > 150


def test_thumbnails_are_fitted_into_a_tile() -> None:
    assert thumbnail_size(1920, 1080) == (320, 180)
    assert thumbnail_size(1080, 1920) == (101, 180)
    assert thumbnail_size(16000, 2) == (320, 1)


def test_the_ends_of_a_long_name_stay() -> None:
    def fits(text: str) -> bool:
        return len(text) <= 9

    assert without_middle("short.mp4", fits) == "short.mp4"
    assert without_middle("holiday-2024.mp4", fits) == "holi….mp4"
    assert without_middle("anything", lambda text: False) == "…"
