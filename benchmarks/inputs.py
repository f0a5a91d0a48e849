"""Makes the videos that benchmarks read: a camera moves over textured scenes, with traffic.

    python benchmarks/inputs.py            # all of them, into benchmarks/inputs/
    python benchmarks/inputs.py wide480    # one of them

A decoder's time depends on what it decodes, so the pictures have what real ones have: detail at all
sizes, a camera that pans, zooms and trembles, things that move against it, cuts, sensor noise. The
scenes are built from the sample clips and a fixed seed: the same pictures on every machine.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"
SAMPLES = HERE.parent / "sample_videos"
RATE = Fraction(25)
SHOT_SECONDS = 8
NOISE_SIGMA = 2.0
Pixels = NDArray[np.uint8]
TAGS = {Colorspace.ITU709: 1, Colorspace.ITU601: 6}
"""Colour matrix by its number in ITU-T H.273, as a stream says it."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One video to make."""

    width: int
    height: int
    seconds: int
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)


def camera(megabits: int) -> dict[str, str]:
    """As cameras code: no B-frames, a constant rate of bits, a keyframe every two seconds."""
    rate = {"b": f"{megabits}M", "maxrate": f"{megabits}M", "bufsize": f"{megabits}M"}
    return {"preset": "veryfast", "bf": "0", "g": "50", "sc_threshold": "0", **rate}


TWO_SECOND_GOP = {"preset": "medium", "crf": "23", "g": "50", "sc_threshold": "0"}
CLIPS = {
    "full1080": Clip(width=1920, height=1080, seconds=300, options=TWO_SECOND_GOP),
    "wide480": Clip(width=854, height=480, seconds=120, options=TWO_SECOND_GOP),
    "hevc720": Clip(
        width=1280,
        height=720,
        seconds=60,
        codec="libx265",
        options={"preset": "fast", "crf": "26", "x265-params": "keyint=50:log-level=error"},
    ),
    # x264's own default, as in most downloads: a keyframe every ten seconds, or at a cut.
    "long1080": Clip(
        width=1920, height=1080, seconds=60, options={"preset": "medium", "crf": "23"}
    ),
    "camera1080": Clip(width=1920, height=1080, seconds=24, options=camera(4)),
    "camera480": Clip(width=854, height=480, seconds=24, options=camera(1)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CLIPS)}; none means all")
    for name in parser.parse_args().names or CLIPS:
        print(ensure(name))


def ensure(name: str) -> Path:
    """The path of a clip, which is made if it is not there."""
    path = INPUTS / f"{name}.mp4"
    if not path.exists():
        INPUTS.mkdir(exist_ok=True)
        partial = path.with_name(f"{name}.partial.mp4")
        write(partial, CLIPS[name])
        partial.replace(path)
    return path


def write(path: Path, clip: Clip) -> None:
    """Renders and encodes."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(clip.codec, rate=RATE, options=clip.options)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        stream.codec_context.thread_count = 0
        matrix = Colorspace.ITU709 if clip.height >= 720 else Colorspace.ITU601
        stream.codec_context.colorspace = TAGS[matrix]
        for pixels in rendered(clip):
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            coded = frame.reformat(format="yuv420p", dst_colorspace=matrix)
            coded.colorspace = TAGS[matrix]
            container.mux(stream.encode(coded))
        container.mux(stream.encode(None))


def rendered(clip: Clip) -> Iterator[Pixels]:
    """The clip's frames, height x width x 3, BGR."""
    rng = np.random.default_rng(2026)
    stills = _stills()
    noise = rng.normal(0, NOISE_SIGMA, (clip.height + 64, clip.width + 64, 3)).astype(np.int8)
    shots = -(-clip.seconds // SHOT_SECONDS)
    for shot in range(shots):
        seconds = min(SHOT_SECONDS, clip.seconds - shot * SHOT_SECONDS)
        for pixels in _shot(stills, shot, round(seconds * RATE), clip, rng):
            top, left = rng.integers(0, 64, 2)
            grain = noise[top : top + clip.height, left : left + clip.width]
            yield cv2.add(pixels, grain, dtype=cv2.CV_8U)


def _shot(
    stills: list[Pixels], shot: int, frames: int, clip: Clip, rng: np.random.Generator
) -> Iterator[Pixels]:
    """A scene larger than the picture, a camera over it, and five things that cross it."""
    size = np.array([clip.width, clip.height])
    scene = _textured(stills[shot % len(stills)], tuple(np.int64(size * 1.4)), rng)
    things = [
        _textured(stills[k], tuple(np.int64(size * rng.uniform(0.1, 0.25))), rng)
        for k in rng.integers(0, len(stills), 5)
    ]
    starts = rng.uniform(0, 1.2, (5, 2)) * size
    speeds = rng.normal(0, 0.12, (5, 2)) * size / RATE
    pan, zoom = rng.uniform(-0.03, 0.03, 2) * size / RATE, rng.uniform(-0.02, 0.02) / RATE
    tremble = np.cumsum(rng.normal(0, 0.4, (frames, 2)), axis=0)
    for k in range(frames):
        world = scene.copy()
        for thing, start, speed in zip(things, starts, speeds, strict=True):
            _paste(world, thing, start + k * speed)
        scale = 1 + float(zoom) * k
        corner = size * 0.2 + np.float64(pan) * k + tremble[k]
        camera = np.array([[scale, 0, -corner[0]], [0, scale, -corner[1]]], np.float64)
        yield cv2.warpAffine(
            world, camera, (clip.width, clip.height), borderMode=cv2.BORDER_REFLECT
        )


def _stills() -> list[Pixels]:
    """A few pictures of each sample clip."""
    stills: list[Pixels] = []
    for path in sorted(SAMPLES.glob("*.mp4")):
        with av.open(str(path)) as container:
            frames = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)]
        stills += frames[:: max(1, len(frames) // 3)]
    return stills


def _textured(still: Pixels, size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Enlarged, with fractal detail in place of that which enlarging cannot bring."""
    width, height = (int(side) for side in size)
    picture = cv2.resize(still, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    for octave in range(1, 6):
        grid = rng.normal(0, 1, (max(2, height >> octave), max(2, width >> octave)))
        detail = cv2.resize(grid.astype(np.float32), (width, height))
        picture *= 1 + 0.045 * detail[..., np.newaxis]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _paste(world: Pixels, thing: Pixels, position: NDArray[np.float64]) -> None:
    height, width = world.shape[:2]
    x, y = int(position[0]) % width, int(position[1]) % height
    rows, columns = min(thing.shape[0], height - y), min(thing.shape[1], width - x)
    world[y : y + rows, x : x + columns] = thing[:rows, :columns]


if __name__ == "__main__":
    main()
