"""decord gives batches of frames by index; timm embeds.

--resize decoder scales while decoding, which decord offers; --resize image scales as timm does.
"""

from collections.abc import Iterator

import torch  # before decord, whose libraries get into torch's way
from decord import VideoReader, cpu
from PIL import Image
from timm_ghostnet import BATCH, arguments, load, wanted_indices, write_vectors


def opened(path: str, resize: str) -> VideoReader:
    video = VideoReader(path, ctx=cpu(0))
    if resize == "image":
        return video
    height, width = video[0].shape[:2]
    short, long = 256, 256 * max(width, height) // min(width, height)
    width, height = (long, short) if width >= height else (short, long)
    return VideoReader(path, ctx=cpu(0), width=width, height=height)


def inputs(video: VideoReader, fps: float | None) -> Iterator[tuple[list[float], torch.Tensor]]:
    indices = wanted_indices(len(video), video.get_avg_fps(), fps)
    for start in range(0, len(indices), BATCH):
        chosen = indices[start : start + BATCH]
        pixels = video.get_batch(chosen).asnumpy()
        images = [transform(Image.fromarray(each)) for each in pixels]
        yield [float(video.get_frame_timestamp(i)[0]) for i in chosen], torch.stack(images)


options = arguments(__doc__, resize=["decoder", "image"])
model, transform = load()
write_vectors(model, inputs(opened(options.video, options.resize), options.fps), options.out)
