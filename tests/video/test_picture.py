"""Colours, ranges, depths, orientations and pixel shapes, against literal RGB."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import quadrants, write_clip
from numpy.typing import NDArray

from ghoststream.types import Frame, StreamInfo
from ghoststream.video.decode import open_file

YUV = (120, 90, 200)
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def first(path: Path) -> tuple[StreamInfo, Frame]:
    with open_file(path) as video:
        return video.info, next(video.frames())


def flat_rgb(path: Path) -> list[int]:
    rgb = first(path)[1].rgb()
    assert rgb.min(axis=(0, 1)).tolist() == rgb.max(axis=(0, 1)).tolist(), "not flat"
    return [int(value) for value in rgb[0, 0]]


# Worked out by hand from ITU-R BT.601, BT.709 and BT.2020 for Y 120, Cb 90, Cr 200.
@pytest.mark.parametrize(
    ("matrix", "full_range", "expected"),
    [
        (6, False, [236, 77, 44]),
        (5, False, [236, 77, 44]),
        (1, False, [250, 91, 41]),
        (9, False, [242, 81, 40]),
        (6, True, [221, 82, 53]),
        (1, True, [233, 93, 49]),
        (9, True, [226, 85, 49]),
    ],
)
@pytest.mark.parametrize("codec", ["ffv1", "libx264"])
def test_matrix_and_range(
    tmp_path: Path, codec: str, matrix: int, full_range: bool, expected: list[int]
) -> None:
    options = {"qp": "0"} if codec == "libx264" else None
    clip = write_clip(
        tmp_path / "clip.mkv",
        frames=1,
        codec=codec,
        planes=YUV,
        matrix=matrix,
        full_range=full_range,
        options=options,
    )
    assert flat_rgb(clip) == pytest.approx(expected, abs=1)
    assert first(clip)[0].color_range == ("full" if full_range else "limited")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 48), [236, 77, 44]),
        ((720, 576), [236, 77, 44]),
        ((1280, 720), [250, 91, 41]),
        ((600, 580), [250, 91, 41]),
    ],
)
def test_untagged_goes_by_size_as_players_do(
    tmp_path: Path, size: tuple[int, int], expected: list[int]
) -> None:
    clip = write_clip(tmp_path / "clip.mkv", frames=1, codec="ffv1", planes=YUV, size=size)
    info, frame = first(clip)
    assert info.color_matrix == "unspecified"
    assert frame.rgb((8, 8))[0, 0].tolist() == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("codec", "container", "pix_fmt", "planes", "expected"),
    [
        ("ffv1", "mkv", "yuv420p10le", (480, 360, 800), [236, 77, 44]),
        ("ffv1", "mkv", "yuv422p10le", (480, 360, 800), [236, 77, 44]),
        ("ffv1", "mkv", "yuv444p12le", (1920, 1440, 3200), [236, 77, 44]),
        ("libx265", "mp4", "yuv420p10le", (480, 360, 800), [236, 77, 44]),
        ("ffv1", "mkv", "yuv422p", YUV, [236, 77, 44]),
        ("ffv1", "mkv", "yuv444p", YUV, [236, 77, 44]),
        ("mjpeg", "mov", "yuvj420p", YUV, [221, 82, 53]),
        ("ffv1", "mkv", "gray", (120,), [120, 120, 120]),
        ("ffv1", "mkv", "yuva420p", (*YUV, 10), [236, 77, 44]),
    ],
)
def test_pixel_formats(
    tmp_path: Path,
    codec: str,
    container: str,
    pix_fmt: str,
    planes: tuple[int, ...],
    expected: list[int],
) -> None:
    clip = write_clip(
        tmp_path / f"clip.{container}", frames=1, codec=codec, pix_fmt=pix_fmt, planes=planes
    )
    info, _ = first(clip)
    assert info.pixel_format == pix_fmt
    assert info.bit_depth == (12 if "12" in pix_fmt else 10 if "10" in pix_fmt else 8)
    assert flat_rgb(clip) == pytest.approx(expected, abs=2 if codec == "mjpeg" else 1)


@pytest.mark.parametrize(
    ("codec", "container", "pix_fmt"),
    [
        ("prores_ks", "mov", "yuva444p10le"),
        ("qtrle", "mov", "rgb24"),
        ("png", "mov", "rgba"),
        ("ffv1", "mkv", "bgr0"),
        ("libvpx-vp9", "webm", "yuva420p"),
    ],
)
def test_alpha_and_rgb(tmp_path: Path, codec: str, container: str, pix_fmt: str) -> None:
    clip = write_clip(
        tmp_path / f"clip.{container}", frames=1, codec=codec, pix_fmt=pix_fmt, picture=quadrants
    )
    assert corners(first(clip)[1].rgb()) == near([RED, GREEN, BLUE, WHITE])


def corners(rgb: NDArray[np.uint8]) -> list[list[int]]:
    """Upper left, upper right, lower left, lower right."""
    height, width = rgb.shape[:2]
    ys, xs = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return [rgb[y, x].tolist() for y in ys for x in xs]


def near(colours: list[tuple[int, int, int]]) -> list[Any]:
    return [pytest.approx(list(colour), abs=30) for colour in colours]


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, [RED, GREEN, BLUE, WHITE]),
        (90, [BLUE, RED, WHITE, GREEN]),
        (180, [WHITE, BLUE, GREEN, RED]),
        (270, [GREEN, WHITE, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_rotation(
    tmp_path: Path, container: str, rotation: int, expected: list[tuple[int, int, int]]
) -> None:
    clip = write_clip(
        tmp_path / f"clip.{container}", frames=1, picture=quadrants, rotation=rotation
    )
    info, frame = first(clip)
    shown = (48, 64) if rotation in (90, 270) else (64, 48)
    assert info.rotation == rotation
    assert (info.width, info.height) == (frame.picture.width, frame.picture.height) == shown
    assert (info.coded_width, info.coded_height) == (64, 48)
    assert frame.rgb().shape == (shown[1], shown[0], 3)
    assert corners(frame.rgb()) == near(expected)
    assert corners(frame.rgb((32, 20))) == near(expected)
    assert frame.rgb((32, 20)).shape == (20, 32, 3)
    assert frame.rgb((32, 20)).flags.c_contiguous


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, [GREEN, RED, WHITE, BLUE]),
        (90, [RED, BLUE, GREEN, WHITE]),
        (180, [BLUE, WHITE, RED, GREEN]),
        (270, [WHITE, GREEN, BLUE, RED]),
    ],
)
def test_mirrored_as_front_cameras_are(
    tmp_path: Path, rotation: int, expected: list[tuple[int, int, int]]
) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", frames=1, picture=quadrants, rotation=rotation, mirrored=True
    )
    assert corners(first(clip)[1].rgb()) == near(expected)


def test_rotated_is_pixel_for_pixel_the_turned_one(tmp_path: Path) -> None:
    def gradient(index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        ys, xs = np.mgrid[: size[1], : size[0]]
        return np.stack([xs * 3, ys * 4, xs + ys], axis=-1).astype(np.uint8)

    plain = first(write_clip(tmp_path / "a.mp4", frames=1, picture=gradient))[1].rgb()
    turned = first(write_clip(tmp_path / "b.mp4", frames=1, picture=gradient, rotation=90))[1].rgb()
    np.testing.assert_array_equal(turned, np.rot90(plain, k=-1))


@pytest.mark.parametrize(
    ("aspect", "rotation", "shown"),
    [
        (Fraction(4, 3), 0, (85, 48)),
        (Fraction(1, 2), 0, (32, 48)),
        (Fraction(4, 3), 90, (48, 85)),
    ],
)
def test_pixels_that_are_not_square(
    tmp_path: Path, aspect: Fraction, rotation: int, shown: tuple[int, int]
) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", frames=1, sample_aspect_ratio=aspect, rotation=rotation
    )
    info, frame = first(clip)
    assert info.sample_aspect_ratio == aspect
    assert (info.width, info.height) == (frame.picture.width, frame.picture.height) == shown
    assert frame.rgb().shape == (shown[1], shown[0], 3)


@pytest.mark.parametrize("size", [(65, 49), (1, 1), (2, 2), (127, 33)])
@pytest.mark.parametrize(("codec", "pix_fmt"), [("ffv1", "yuv420p"), ("libx264", "yuv444p")])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int], codec: str, pix_fmt: str) -> None:
    clip = write_clip(
        tmp_path / "clip.mkv",
        frames=2,
        size=size,
        codec=codec,
        pix_fmt=pix_fmt,
        planes=(120, 128, 128),
    )
    info, frame = first(clip)
    assert (info.width, info.height) == size
    assert frame.rgb().shape == (size[1], size[0], 3)
    assert frame.rgb((224, 224)).mean() == pytest.approx(121, abs=2)


def test_scaling_is_one_smooth_step(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", frames=1, codec="ffv1", picture=quadrants)
    small = first(clip)[1].rgb((8, 6))
    assert corners(small) == near([RED, GREEN, BLUE, WHITE])


def test_nbytes_is_what_the_decoder_holds(tmp_path: Path) -> None:
    _, frame = first(write_clip(tmp_path / "clip.mp4", frames=1, size=(640, 480)))
    assert 640 * 480 * 3 // 2 <= frame.picture.nbytes <= 640 * 480 * 2


def test_high_dynamic_range_is_converted_by_its_matrix(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "hdr.mp4",
        frames=1,
        codec="libx265",
        pix_fmt="yuv420p10le",
        planes=(480, 360, 800),
        options={"x265-params": "log-level=none:colorprim=9:transfer=16:colormatrix=9"},
    )
    info, _ = first(clip)
    assert info.color_matrix == "bt2020nc"
    assert flat_rgb(clip) == pytest.approx([242, 81, 40], abs=1)
