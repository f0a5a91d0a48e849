"""Makes altered copies of videos, as they are met in archives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Picture = tuple[float, Rgb]
"""Seconds from the start, and H x W x 3."""

RATE = 25
CUT_SECONDS = 1.36
LEAD_SECONDS, TAIL_SECONDS = 4.12, 3.0
NEW_RATE = Fraction(12)


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """What is done to a video, and how much later or earlier its content then comes."""

    picture: Callable[[Rgb], Rgb] = lambda rgb: rgb
    crf: int = 20
    rate: Fraction = Fraction(RATE)
    starts_at_seconds: float = 0.0
    is_embedded: bool = False

    @property
    def offset_seconds(self) -> float:
        """From a moment of the original to the same moment of the copy."""
        return (LEAD_SECONDS if self.is_embedded else 0.0) - self.starts_at_seconds


def cropped(share: float) -> Callable[[Rgb], Rgb]:
    """Takes away so much of the width and of the height, half of it at each side."""

    def crop(rgb: Rgb) -> Rgb:
        height, width = rgb.shape[:2]
        y, x = round(height * share / 2), round(width * share / 2)
        return rgb[y : height - y, x : width - x]

    return crop


def half(rgb: Rgb) -> Rgb:
    return np.asarray(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def with_logo(rgb: Rgb) -> Rgb:
    """A banner with text along the bottom, and a mark in a corner."""
    drawn, (height, width) = rgb.copy(), rgb.shape[:2]
    cv2.rectangle(drawn, (0, round(height * 0.88)), (width, height), (20, 20, 120), -1)
    at = (round(width * 0.05), round(height * 0.96))
    cv2.putText(drawn, "NEWS AT NINE", at, cv2.FONT_HERSHEY_SIMPLEX, height / 500, (255,) * 3, 2)
    cv2.circle(drawn, (round(width * 0.9), round(height * 0.1)), height // 16, (240, 200, 0), -1)
    return drawn


def brighter(rgb: Rgb) -> Rgb:
    return np.clip(rgb.astype(np.float32) * 1.1 + 25, 0, 255).astype(np.uint8)


def mirrored(rgb: Rgb) -> Rgb:
    return rgb[:, ::-1]


ALTERATIONS = {
    "encoded anew": Alteration(crf=28),
    "low quality": Alteration(crf=38),
    "half size": Alteration(picture=half),
    "cropped by 5 %": Alteration(picture=cropped(0.05)),
    "cropped by 10 %": Alteration(picture=cropped(0.10)),
    "logo and text": Alteration(picture=with_logo),
    "brighter": Alteration(picture=brighter),
    "12 frames a second": Alteration(rate=NEW_RATE),
    "start cut off": Alteration(starts_at_seconds=CUT_SECONDS),
    "in other content": Alteration(is_embedded=True),
    "several": Alteration(
        picture=lambda rgb: half(with_logo(cropped(0.05)(rgb))), crf=32, is_embedded=True
    ),
    "cropped by 25 %": Alteration(picture=cropped(0.25)),
    "mirrored": Alteration(picture=mirrored),
}


def pictures(paths: Sequence[Path]) -> Iterator[Picture]:
    """The pictures of videos, one after the other, with a frame's time between them."""
    begin = 0.0
    for path in paths:
        end = begin
        with av.open(str(path)) as container:
            first = None
            for frame in container.decode(video=0):
                seconds = float(frame.pts * frame.time_base)
                first = seconds if first is None else first
                end = begin + seconds - first
                yield end, frame.to_ndarray(format="rgb24")
        begin = end + 1 / RATE


def altered(shown: Iterable[Picture], filler: Iterable[Picture], how: Alteration) -> list[Picture]:
    """The copy's pictures; what is around it gets its size."""
    start = how.starts_at_seconds
    copy = [(s - start, how.picture(rgb)) for s, rgb in shown if s >= start]
    if how.is_embedded:
        height, width = copy[0][1].shape[:2]
        around = [(s, np.asarray(cv2.resize(rgb, (width, height)), np.uint8)) for s, rgb in filler]
        end = copy[-1][0] + 1 / RATE
        lead = [(s, rgb) for s, rgb in around if s < LEAD_SECONDS]
        tail = [(s - LEAD_SECONDS, rgb) for s, rgb in around if s >= LEAD_SECONDS]
        copy = [
            *lead,
            *((s + LEAD_SECONDS, rgb) for s, rgb in copy),
            *((s + LEAD_SECONDS + end, rgb) for s, rgb in tail if s < TAIL_SECONDS),
        ]
    return copy


def write(path: Path, shown: Sequence[Picture], how: Alteration) -> None:
    """Encodes pictures at a constant rate; each moment shows the newest picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=how.rate)
        height, width = (side // 2 * 2 for side in shown[0][1].shape[:2])
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(how.crf)}
        times = np.array([seconds for seconds, _ in shown])
        for index in range(int(times[-1] * how.rate) + 1):
            newest = np.searchsorted(times, float(index / how.rate) + 1e-6) - 1
            rgb = shown[max(newest, 0)][1]
            if rgb.shape[:2] != (height, width):
                rgb = np.asarray(cv2.resize(rgb, (width, height)), np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.pts, frame.time_base = index, 1 / how.rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
