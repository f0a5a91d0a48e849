"""The slow truth: decode everything, full-size RGB, timm's preprocessing and network, float32.

Colours are read as GhostStream reads them, which for untagged high definition is BT.709; OpenCV,
PyAV and others take BT.601 there.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from PIL import Image
from timm_ghostnet import arguments, batches, load, write_vectors

from ghoststream.types import Frame
from ghoststream.video.decode import open_file


def sampled(path: str, fps: float | None, which: str) -> Iterator[Frame]:
    moment, start = Fraction(0), None
    rate = None if fps is None else Fraction(str(fps))
    with open_file(Path(path)) as video:
        for frame in video.frames():
            start = frame.time if start is None else start
            if which == "keyframes" and not frame.is_keyframe:
                continue
            if rate is not None and frame.time - start < moment:
                continue
            while rate is not None and moment <= frame.time - start:
                moment += 1 / rate
            yield frame


options = arguments(__doc__, which=["all", "keyframes"])
model, transform = load()
inputs = (
    (float(frame.time), transform(Image.fromarray(frame.rgb())))
    for frame in sampled(options.video, options.fps, options.which)
)
write_vectors(model, batches(inputs), options.out)
