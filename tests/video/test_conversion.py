"""A part of a picture, scaled alone, is what it would be as a part of the scaled whole."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation as Filter
from clips import quadrants, write_clip
from numpy.typing import NDArray

from ghoststream.types import Frame, Interpolation, Pixels, Region
from ghoststream.video.conversion import Conversion, Converting
from ghoststream.video.decode import open_file
from ghoststream.video.picture import MAX_KEPT, AvPicture, Converter

SQUARE = Fraction(1)
UPPER_LEFT: Region = (0, 0, 0.5, 0.5)


def texture(index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Smooth waves of all three colours, so that a shift shows."""
    ys, xs = np.mgrid[: size[1], : size[0]].astype(float)
    waves = [np.sin(xs / 7 + index), np.sin(ys / 9), np.sin((xs + ys) / 11)]
    return np.stack([128 + 100 * wave for wave in waves], axis=-1).astype(np.uint8)


def frame_of(pixels: NDArray[np.uint8], pixel_format: str) -> VideoFrame:
    return VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format=pixel_format, interpolation=Filter.BICUBIC
    )


def picture_of(pixels: NDArray[np.uint8], pixel_format: str = "yuv420p") -> AvPicture:
    frame = frame_of(pixels, pixel_format)
    return AvPicture(frame, converter=Converter(), sample_aspect_ratio=SQUARE)


def first(path: Path) -> Frame:
    with open_file(path) as video:
        return next(video.frames())


FORMATS = [
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "nv12"),
    *("yuv420p10le", "yuv422p10le", "yuva420p", "gray", "rgb24", "bgr0", "rgba", "gbrp"),
]


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", [(320, 240), (321, 241), (97, 63)])
def test_a_region_is_a_part_of_the_whole(pixel_format: str, size: tuple[int, int]) -> None:
    pixels = texture(0, size)
    if size[0] % 2:
        # swscale places colour of odd sides up to half a pixel off, so here it is all grey.
        pixels[:] = pixels.mean(axis=-1, keepdims=True)
    picture = picture_of(pixels, pixel_format)
    whole = picture.rgb((256, 192)).astype(int)
    part = picture.rgb((128, 96), (0.25, 0.125, 0.75, 0.625)).astype(int)
    assert np.abs(part - whole[24:120, 64:192]).mean() < 4
    shifts = {
        (dx, dy): np.abs(part - whole[24 + dy : 120 + dy, 64 + dx : 192 + dx]).mean()
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    }
    assert min(shifts, key=shifts.__getitem__) == (0, 0)


@pytest.mark.parametrize("pixel_format", ["monob", "monow"])
def test_eight_pixels_a_byte(pixel_format: str) -> None:
    frame = VideoFrame(60, 48, pixel_format)
    half = 24 * frame.planes[0].line_size
    frame.planes[0].update(b"\x00" * half + b"\xff" * half)
    picture = AvPicture(frame, converter=Converter(), sample_aspect_ratio=SQUARE)
    upper, lower = picture.rgb((8, 4), (0.1, 0, 0.9, 0.25)), picture.rgb((8, 4), (0, 0.75, 1, 1))
    low, high = (0, 255) if pixel_format == "monob" else (255, 0)
    assert (upper.min(), upper.max(), lower.min(), lower.max()) == (low, low, high, high)


def test_a_palette() -> None:
    frame = VideoFrame(64, 48, "pal8")
    indices, palette = frame.planes
    indices.update(b"\x01" * 24 * indices.line_size + b"\x02" * 24 * indices.line_size)
    bgra = [(0, 0, 0, 255), (10, 20, 200, 255), (10, 200, 20, 255)]
    palette.update(b"".join(map(bytes, bgra)).ljust(palette.buffer_size, b"\x00"))
    picture = AvPicture(frame, converter=Converter(), sample_aspect_ratio=SQUARE)
    below = picture.rgb((8, 4), (0.25, 0.6, 0.5, 0.9))
    np.testing.assert_allclose(below, np.full_like(below, (20, 200, 10)), atol=1)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_region_is_one_of_the_displayed_picture(
    tmp_path: Path, rotation: int, mirrored: bool
) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", frames=1, picture=quadrants, rotation=rotation, mirrored=mirrored
    )
    frame = first(clip)
    shown = frame.rgb()
    for left in (0.0, 0.5):
        for top in (0.0, 0.5):
            part = frame.rgb((10, 12), (left + 0.125, top + 0.125, left + 0.375, top + 0.375))
            assert part.shape == (12, 10, 3)
            y, x = int((top + 0.25) * shown.shape[0]), int((left + 0.25) * shown.shape[1])
            assert part[6, 5].tolist() == pytest.approx(shown[y, x].tolist(), abs=3)
            assert part.std(axis=(0, 1)).max() < 3, "it shows more than one quadrant"


def test_a_region_of_pixels_that_are_not_square(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", frames=1, picture=quadrants, sample_aspect_ratio=Fraction(2)
    )
    frame = first(clip)
    assert frame.rgb(region=UPPER_LEFT).shape == (24, 64, 3)
    assert frame.rgb((4, 4), (0.6, 0.1, 0.9, 0.4))[2, 2].tolist() == pytest.approx(
        [0, 255, 0], abs=30
    )


@pytest.mark.parametrize(
    "region", [(0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 0.7, 1, 0.2)]
)
def test_impossible_regions_are_refused(region: Region) -> None:
    with pytest.raises(ValueError, match="a region lies within 0 to 1"):
        picture_of(texture(0, (64, 48))).rgb((8, 8), region)


# ITU-R BT.709, limited range, worked out by hand.
@pytest.mark.parametrize("size", [(128, 96), (97, 61), (7, 5), (300, 300)])
@pytest.mark.parametrize(
    ("full_range", "expected"), [(False, [250, 91, 41]), (True, [233, 93, 49])]
)
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p"])
def test_scaled_colours_are_as_right_as_unscaled_ones(
    size: tuple[int, int], full_range: bool, expected: list[int], pixel_format: str
) -> None:
    frame = VideoFrame(128, 96, pixel_format)
    for plane, value in zip(frame.planes, (120, 90, 200), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace, frame.color_range = 1, 2 if full_range else 1
    picture = AvPicture(frame, converter=Converter(), sample_aspect_ratio=SQUARE)
    for region in (None, (0.1, 0.1, 0.8, 0.9)):
        pixels = picture.rgb(size, region)
        np.testing.assert_allclose(pixels, np.full_like(pixels, expected), atol=1)


@pytest.mark.parametrize("reserved", [0, 3])
def test_tags_that_swscale_does_not_know(reserved: int) -> None:
    frame = frame_of(texture(0, (64, 48)), "yuv420p")
    plain = Converting(Conversion.of(frame, size=(32, 24))).rgb(frame)
    frame.color_primaries = frame.color_trc = frame.colorspace = reserved
    assert Conversion.of(frame, size=(32, 24)).colorspace == 5
    tagged = Converting(Conversion.of(frame, size=(32, 24))).rgb(frame)
    np.testing.assert_array_equal(tagged, plain)
    assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (reserved,) * 3


def test_nothing_of_a_frame_is_kept() -> None:
    frame = frame_of(texture(0, (64, 48)), "yuv420p")
    converting = Converting(Conversion.of(frame, size=(32, 24)))
    seen: list[Pixels] = []
    gc.collect()
    gc.disable()
    try:
        for index in range(3):
            seen.append(converting.rgb(frame_of(texture(9 * index, (64, 48)), "yuv420p")))
        assert gc.collect() == 0, "cycles hold pixels until the collector comes by"
    finally:
        gc.enable()
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_threads_share_a_converter() -> None:
    converter = Converter()
    pictures = [
        AvPicture(
            frame_of(texture(i, (200, 120)), "yuv420p"),
            converter=converter,
            sample_aspect_ratio=SQUARE,
        )
        for i in range(40)
    ]
    alone = [picture.rgb((64, 64), UPPER_LEFT) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: picture.rgb((64, 64), UPPER_LEFT), pictures))
    np.testing.assert_array_equal(together, alone)


def test_sizes_may_change_from_frame_to_frame() -> None:
    converter = Converter()

    def asked() -> Iterator[tuple[int, int]]:
        for side in range(8, 8 + 3 * MAX_KEPT):
            yield side, side
            yield 32, 32

    pixels = texture(0, (64, 48))
    picture = AvPicture(
        frame_of(pixels, "yuv420p"), converter=converter, sample_aspect_ratio=SQUARE
    )
    for size in asked():
        assert picture.rgb(size).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "rgb24"])
@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (480, 270), (160, 120)])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_agrees_with_the_reference(
    size: tuple[int, int], pixel_format: str, interpolation: Interpolation
) -> None:
    """Converted at full size, then scaled by Pillow's antialiased filter."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(96, 160, (size[1] // 5, size[0] // 5, 3), np.uint8)
    picture = picture_of(np.asarray(Image.fromarray(noise).resize(size)), pixel_format)
    region = (0.25, 0.0625, 0.75, 0.9375)
    box = tuple(edge * side for edge, side in zip(region, size * 2, strict=True))
    resampling = Image.Resampling[interpolation.upper()]
    reference = Image.fromarray(picture.rgb()).resize((224, 224), resampling, box=box)
    found = picture.rgb((224, 224), region, interpolation)
    assert np.abs(found.astype(int) - np.asarray(reference)).mean() < 1.5


@pytest.mark.parametrize("interpolation", get_args(Interpolation))
def test_scales_as_asked_and_not_in_the_other_way(interpolation: Interpolation) -> None:
    from PIL import Image

    # Grey, because colour is scaled linearly anyway.
    noise = np.random.default_rng(0).integers(16, 235, (90, 160, 1), np.uint8).repeat(3, axis=2)
    picture = picture_of(noise, "yuv444p")
    image = Image.fromarray(picture.rgb())
    distances = {
        name: np.abs(
            picture.rgb((300, 200), interpolation=interpolation).astype(int)
            - np.asarray(image.resize((300, 200), Image.Resampling[name.upper()]))
        ).mean()
        for name in get_args(Interpolation)
    }
    assert min(distances, key=distances.__getitem__) == interpolation
    assert distances[interpolation] < 1
