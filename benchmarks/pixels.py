"""How to scale pictures: the time of each way, and how far its embeddings are from the reference's.

    python benchmarks/pixels.py sample_videos/*.mp4 benchmarks/inputs/*.mp4

The reference is what timm does with the weights: the decoded frame as RGB in full size, Pillow's
antialiased bicubic filter to 256, the middle 224, and the network in 32-bit floats, which also
embeds the candidates. Time is CPU time of one thread. Clips and frames weigh alike within the mean;
the worst video is the one with the lowest mean of its own.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from timm.data import create_transform

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.runtime import Runtime, load_runtime
from ghoststream.types import WHOLE_PICTURE, Pixels
from ghoststream.video.conversion import SCALING, Conversion, Converting
from ghoststream.video.decode import open_file
from ghoststream.video.picture import AvPicture

SIDE = 224
CUBIC = "param0=0:param1=0.5"
REPETITIONS = 8


class Candidate:
    """A way to make the network's input.

    Args:
        scaling: filters, as in `ghoststream.video.conversion`.
        whole: scale the whole picture, and crop afterwards.
    """

    def __init__(self, scaling: Sequence[str], *, whole: bool = False) -> None:
        self.cosines: list[NDArray[np.float64]] = []
        """Of each frame, by video."""
        self._scaling, self._whole = scaling, whole
        self._kept: dict[Conversion, Converting] = {}

    def prepare(self, picture: AvPicture) -> Pixels:
        sides = picture.width, picture.height
        size = Preprocessing().scaled_size(*sides) if self._whole else (SIDE, SIDE)
        region = WHOLE_PICTURE if self._whole else Preprocessing().seen_region(*sides)
        pixels = self._converting(Conversion.of(picture.frame, size=size, region=region)).rgb(
            picture.frame
        )
        left, top = round((size[0] - SIDE) / 2), round((size[1] - SIDE) / 2)
        return pixels[top : top + SIDE, left : left + SIDE]

    def milliseconds(self, pictures: Sequence[AvPicture]) -> float:
        """For a picture; the least of some repetitions, since other work can only add to it."""
        seconds = []
        for _ in range(REPETITIONS):
            start = time.thread_time()
            for picture in pictures:
                self.prepare(picture)
            seconds.append(time.thread_time() - start)
        return 1000 * min(seconds) / len(pictures)

    def _converting(self, conversion: Conversion) -> Converting:
        if conversion not in self._kept:
            self._kept[conversion] = Converting(conversion, scaling=self._scaling)
        return self._kept[conversion]


def straight(flags: str) -> Sequence[str]:
    """From YUV to pixels."""
    return (f"scale={{size}}:{{colors}}:out_range=full:{CUBIC}:flags={flags}",)


def by_planes(flags: str) -> Sequence[str]:
    """From YUV to planes of red, green and blue, and then to pixels."""
    return (*straight(flags), "format=gbrp", "scale=flags=bicubic")


def by_small_yuv(flags: str, *, pixel_format: str, last: str) -> Sequence[str]:
    """From YUV to small YUV, and then to pixels."""
    return (
        f"scale={{size}}:{{colors}}:{CUBIC}:flags={flags}",
        f"format={pixel_format}",
        f"scale={{colors}}:out_range=full:flags={last}",
    )


EXACT = "+accurate_rnd+full_chroma_int"
CANDIDATES = {
    "whole picture, bicubic, to pixels": Candidate(straight("bicubic" + EXACT), whole=True),
    "bicubic, to pixels": Candidate(straight("bicubic" + EXACT)),
    "bicubic, half the colour, to pixels": Candidate(straight("bicubic")),
    "bicubic, by planes": Candidate(by_planes("bicubic" + EXACT)),
    "bicublin, by planes (chosen)": Candidate(SCALING),
    "bilinear, by planes": Candidate(by_planes("bilinear" + EXACT)),
    "area, by planes": Candidate(by_planes("area" + EXACT)),
    "bicubic, by small 4:4:4": Candidate(
        by_small_yuv("bicubic", pixel_format="yuv444p", last="bicubic+accurate_rnd")
    ),
    "bicubic, by small 4:2:0": Candidate(
        by_small_yuv("bicubic", pixel_format="yuv420p", last="bicubic")
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=12, help="of each video, spread over it")
    parser.add_argument("--timed", type=Path, nargs="*", default=[], help="videos to time, too")
    arguments = parser.parse_args()
    runtime = load_runtime(weights="bundled", device="reference")
    for path in arguments.videos:
        compare(runtime, list(spread(path, arguments.frames)))
    print_cosines()
    for path in arguments.timed:
        print_times(path, list(spread(path, REPETITIONS)))


def spread(path: Path, count: int) -> Iterator[AvPicture]:
    """Frames at equal distances, beginning with the first."""
    with open_file(path) as video:
        step = max(1, (video.info.declared_frames or count) // count)
        for frame in islice(video.frames(), 0, count * step, step):
            assert isinstance(frame.picture, AvPicture)
            yield frame.picture


def compare(runtime: Runtime, pictures: Sequence[AvPicture]) -> None:
    expected = unit(runtime.embed(np.stack([reference(picture) for picture in pictures])))
    for candidate in CANDIDATES.values():
        found = unit(runtime.embed(np.stack([candidate.prepare(p) for p in pictures])))
        candidate.cosines.append((expected * found).sum(axis=1))


def reference(picture: AvPicture) -> Pixels:
    transform = create_transform(SIDE, interpolation="bicubic", crop_pct=0.875)
    size = picture.frame.width, picture.frame.height
    full = Converting(Conversion.of(picture.frame, size=size), scaling=straight("bicubic" + EXACT))
    image = Image.fromarray(full.rgb(picture.frame))
    for resize_or_crop in transform.transforms[:2]:
        image = resize_or_crop(image)
    return np.asarray(image)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    return exact / np.linalg.norm(exact, axis=1, keepdims=True)


def print_cosines() -> None:
    print("| scaling | mean cosine | 1st percentile | lowest | worst video |")
    print("|---|---|---|---|---|")
    for name, candidate in CANDIDATES.items():
        each = np.concatenate(candidate.cosines)
        worst = min(video.mean() for video in candidate.cosines)
        print(
            f"| {name} | {each.mean():.5f} | {np.percentile(each, 1):.5f} "
            f"| {each.min():.5f} | {worst:.5f} |"
        )
    print(f"\n{len(each)} frames of {len(candidate.cosines)} videos\n")


def print_times(path: Path, pictures: Sequence[AvPicture]) -> None:
    print(f"\n{path.name}, {pictures[0].width} x {pictures[0].height}, ms a frame")
    for name, candidate in CANDIDATES.items():
        print(f"{name}: {candidate.milliseconds(pictures):.2f}")


if __name__ == "__main__":
    main()
