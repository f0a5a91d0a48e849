"""The loop that one writes first, to be measured beside ours: read each frame, look at some.

    python -m ghoststream.runners.plain_loop clip.mp4 --reader opencv --fps 2 --out vectors.npz

With `--reader opencv`, OpenCV reads and converts every frame. With `--reader full`, our own decoder
decodes every frame, and what comes out is the reference that faster ways are compared with. Either
way frames are scaled by Pillow, as the weights were trained, and the network runs in torch in fp32.
"""

import argparse
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from ghoststream.models import Preprocessing, load_runtime
from ghoststream.sampling import AtFps
from ghoststream.stages import batched
from ghoststream.types import Pixels

TimedPixels: TypeAlias = tuple[float, Pixels]
"""Seconds, and H x W x 3 RGB."""

BATCH = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--reader", choices=READERS, required=True)
    parser.add_argument("--fps", type=Fraction, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    frames = READERS[options.reader](options.video, options.fps)
    write_vectors(frames, options.model, options.weights, options.out)


def read_with_opencv(video: Path, fps: Fraction) -> Iterator[TimedPixels]:
    """The first frame at or past each moment, counted from OpenCV's idea of the rate."""
    import cv2

    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS)
    taken = 0
    for index in count():
        is_there, bgr = capture.read()
        if not is_there:
            return
        if index * float(fps) >= taken * rate:
            taken += 1
            yield index / rate, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def read_all(video: Path, fps: Fraction) -> Iterator[TimedPixels]:
    """The first frame at or past each moment, of frames that are all decoded."""
    from ghoststream.video.decode import open_file

    with open_file(video) as opened:
        for frame in AtFps(rate=fps)(opened.frames()):
            yield float(frame.time), frame.rgb()


READERS = {"opencv": read_with_opencv, "full": read_all}


def write_vectors(frames: Iterable[TimedPixels], model: str, weights: str, out: Path) -> None:
    """Embeds all frames and saves `pts_seconds`, N, and `vectors`, N x D."""
    runtime = load_runtime(model, weights, "reference")
    seconds: list[float] = []
    vectors = []
    for batch in batched(frames, BATCH):
        seconds += [time for time, _ in batch]
        inputs = [scaled(pixels, runtime.preprocessing) for _, pixels in batch]
        vectors.append(runtime.embed(np.stack(inputs)))
    np.savez(out, pts_seconds=np.array(seconds), vectors=np.concatenate(vectors))


def scaled(pixels: Pixels, preprocessing: Preprocessing) -> Pixels:
    """The middle S x S of a picture, scaled as torchvision and timm do it."""
    height, width = pixels.shape[:2]
    size = across, down = preprocessing.scaled_size(width, height)
    side = preprocessing.input_size
    left, top = round((across - side) / 2), round((down - side) / 2)
    resampling = Image.Resampling[preprocessing.interpolation.upper()]
    image = Image.fromarray(pixels).resize(size, resampling)
    return np.asarray(image.crop((left, top, left + side, top + side)), np.uint8)


if __name__ == "__main__":
    main()
