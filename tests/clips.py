"""Writes the small videos that tests read; every one is made here, with PyAV, in milliseconds.

clip = write_clip(tmp_path / "clip.mp4", frames=10, rate=Fraction(25))
assert index_of(frame.rgb()) == 3  # the picture itself says which frame it is
"""

import os
import random
import struct
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import cos, radians, sin
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder talks on stderr otherwise

Rgb = NDArray[np.uint8]

INTERLACED = 1 << 18 | 1 << 29
"""AV_CODEC_FLAG_INTERLACED_DCT and _ME."""

FAST_OPTIONS = {
    "libx264": {"preset": "ultrafast", "crf": "10"},
    "libx265": {"preset": "ultrafast", "crf": "10", "x265-params": "log-level=none:pools=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "0"},
    "libsvtav1": {"preset": "12", "crf": "10", "svtav1-params": "lp=1"},
    "libaom-av1": {"cpu-used": "8", "usage": "realtime", "crf": "10"},
    "mpeg4": {"qmin": "1", "qmax": "2"},
    "mjpeg": {"qmin": "1", "qmax": "2"},
}


def grey(index: int, size: tuple[int, int] = (64, 48)) -> Rgb:
    """A flat picture whose level says its index (0 to 60)."""
    width, height = size
    return np.full((height, width, 3), 8 + 4 * index, np.uint8)


def index_of(rgb: Rgb) -> int:
    """The index that `grey` has written into a picture."""
    return round((float(rgb.mean()) - 8) / 4)


def quadrants(index: int = 0, size: tuple[int, int] = (64, 48)) -> Rgb:
    """Red, green over blue, white: shows which way up a picture is."""
    width, height = size
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2] = (255, 0, 0)
    rgb[: height // 2, width // 2 :] = (0, 255, 0)
    rgb[height // 2 :, : width // 2] = (0, 0, 255)
    rgb[height // 2 :, width // 2 :] = (255, 255, 255)
    return rgb


def noise(index: int, size: tuple[int, int] = (64, 48)) -> Rgb:
    """Different at every pixel and index: costs bytes, so that damage hits something."""
    width, height = size
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


def write_clip(
    path: Path | str,
    *,
    frames: int = 10,
    size: tuple[int, int] = (64, 48),
    rate: Fraction | int = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    picture: Callable[[int, tuple[int, int]], Rgb] = grey,
    planes: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    format: str | None = None,
    gop: int | None = None,
    b_frames: int = 0,
    rotation: int = 0,
    mirrored: bool = False,
    sample_aspect_ratio: Fraction | None = None,
    matrix: int | None = None,
    full_range: bool | None = None,
    interlaced: bool = False,
    sound: bool = False,
) -> Path:
    """Writes a clip and returns its path.

    Args:
        path: its ending picks the container, unless `format` names one.
        frames: how many; as many as `pts` where those are given.
        size: width and height in pixels.
        rate: declared frames a second.
        pts: presentation times in units of `time_base`, one a frame, increasing.
        time_base: 1 / rate where not given.
        picture: RGB pixels for an index and a size.
        planes: flat value of each plane instead of a picture, for exact Y, U, V.
        options: of the encoder, over fast ones.
        gop: distance of keyframes in frames.
        b_frames: how many may stand between two references.
        rotation: degrees clockwise to turn for display; mp4 and mov only.
        mirrored: left and right are swapped after that; mp4 and mov only.
        matrix: value of colour matrix, ITU-T H.273 (1: BT.709, 5 and 6: BT.601, 9: BT.2020).
        full_range: tags the range; None leaves the stream untagged.
        interlaced: codes fields; of encoders that can.
        sound: adds a second of silence.
    """
    path = Path(path)
    times = list(range(frames)) if pts is None else list(pts)
    # Matroska draws its ids by chance, and where damage hits would be another place each time.
    settings = {"fflags": "+bitexact", **(container_options or {})}
    with av.open(str(path), "w", format=format, options=settings) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        context = stream.codec_context
        context.time_base = time_base or 1 / Fraction(rate)
        context.thread_count = 1
        context.options = {**FAST_OPTIONS.get(codec, {}), **(options or {})}
        context.max_b_frames = b_frames
        if interlaced:
            context.flags |= INTERLACED
        if gop is not None:
            context.gop_size = gop
        if sample_aspect_ratio is not None:
            context.sample_aspect_ratio = sample_aspect_ratio
        if matrix is not None:
            context.colorspace = matrix
        if full_range is not None:
            context.color_range = 2 if full_range else 1
        track = output.add_stream("aac", rate=8000, layout="mono") if sound else None
        for index, time in enumerate(times):
            frame = _frame(index, size, pix_fmt, picture, planes)
            frame.pts, frame.time_base = time, context.time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if track is not None:
            _mux_silence(output, track, samples=8000)
    if rotation or mirrored:
        _patch_rotation(path, rotation, mirrored=mirrored)
    return path


def _frame(
    index: int,
    size: tuple[int, int],
    pix_fmt: str,
    picture: Callable[[int, tuple[int, int]], Rgb],
    planes: Sequence[int] | None,
) -> av.VideoFrame:
    if planes is None:
        return av.VideoFrame.from_ndarray(picture(index, size), "rgb24").reformat(format=pix_fmt)
    frame = av.VideoFrame(*size, pix_fmt)
    for plane, value in zip(frame.planes, planes, strict=True):
        wide = "10" in pix_fmt or "12" in pix_fmt
        unit = struct.pack("<H", value) if wide else bytes([value])
        plane.update(unit * (plane.buffer_size // len(unit)))
    return frame


def _mux_silence(output: av.container.OutputContainer, track: object, *, samples: int) -> None:
    silence = np.zeros((1, 1024), np.float32)
    for start in range(0, samples, 1024):
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        output.mux(track.encode(frame))  # type: ignore[attr-defined]
    output.mux(track.encode())  # type: ignore[attr-defined]


def write_audio_only(path: Path | str, *, cover: bool = False) -> Path:
    """A second of silence; with `cover`, a picture is attached as music files have it."""
    path = Path(path)
    with av.open(str(path), "w", format="mp4") as output:
        track = output.add_stream("aac", rate=8000, layout="mono")
        if cover:
            stream = output.add_stream("mjpeg", rate=1)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            stream.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(grey(5), "rgb24").reformat(format="yuvj420p")
            frame.pts = 0
            packets = [*stream.encode(frame), *stream.encode()]
            output.mux(packets)
        _mux_silence(output, track, samples=8000)
    return path


def write_pictures(folder: Path, *, count: int = 5, pattern: str = "{:04d}.png") -> Path:
    """Numbered pictures in a folder of their own; returns the folder."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(grey(index)).save(folder / pattern.format(index))
    return folder


def damage(path: Path, *, start: float = 0.4, end: float = 0.6, seed: int = 0) -> Path:
    """Overwrites a part of the file, given as fractions of its length, with random bytes."""
    data = bytearray(path.read_bytes())
    first, last = int(start * len(data)), int(end * len(data))
    data[first:last] = random.Random(seed).randbytes(last - first)
    path.write_bytes(data)
    return path


def damage_packets(path: Path, indices: Sequence[int], *, seed: int = 0) -> Path:
    """Overwrites the payload of single packets, after their first bytes, and nothing else."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        spans = [(p.pos, p.size) for p in packets]
    data, dice = bytearray(path.read_bytes()), random.Random(seed)
    for position, size in (spans[index] for index in indices):
        data[position + 8 : position + size] = dice.randbytes(max(size - 8, 0))
    path.write_bytes(data)
    return path


def cut(path: Path, *, keep: float = 0.6) -> Path:
    """Keeps the first part of the file, given as a fraction of its length."""
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    return path


def _patch_rotation(path: Path, degrees: int, *, mirrored: bool) -> None:
    """Writes the display matrix into the track headers (ISO/IEC 14496-12, 8.3.2).

    In the file's own bytes, because not every PyAV that we support can write one.
    """
    data, angle = bytearray(path.read_bytes()), radians(degrees)
    a, b = round(cos(angle) * 65536), round(sin(angle) * 65536)
    start = data.index(b"tkhd")
    version, x = data[start + 4], -1 if mirrored else 1
    offset = start + 4 + (52 if version == 1 else 40)
    data[offset : offset + 36] = struct.pack(">9i", a * x, b, 0, -b * x, a, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
