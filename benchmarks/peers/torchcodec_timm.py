"""torchcodec gives batches of frames by index, without a scan of the file first; timm embeds.

--resize decoder scales while converting to RGB, bilinearly, which is all that torchcodec offers;
--resize tensor scales full-size RGB as timm does, bicubically.
"""

from collections.abc import Iterator

import torch
from timm_ghostnet import BATCH, arguments, load, wanted_indices, write_vectors
from torchcodec import transforms
from torchcodec.decoders import VideoDecoder
from torchvision.transforms import v2


def scaled(width: int, height: int) -> tuple[int, int]:
    """Height and width, the shorter one 256."""
    short, long = 256, 256 * max(width, height) // min(width, height)
    return (short, long) if width >= height else (long, short)


def opened(path: str, resize: str) -> VideoDecoder:
    if resize == "tensor":
        return VideoDecoder(path, seek_mode="approximate", num_ffmpeg_threads=0)
    size = VideoDecoder(path, seek_mode="approximate").metadata
    small = transforms.Resize(scaled(size.width, size.height))
    return VideoDecoder(path, seek_mode="approximate", num_ffmpeg_threads=0, transforms=[small])


def inputs(decoder: VideoDecoder, fps: float | None) -> Iterator[tuple[list[float], torch.Tensor]]:
    about = decoder.metadata
    indices = wanted_indices(about.num_frames, about.average_fps, fps)
    transform = v2.Compose(
        [
            v2.Resize(256, v2.InterpolationMode.BICUBIC, antialias=True),
            v2.CenterCrop(224),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    for start in range(0, len(indices), BATCH):
        frames = decoder.get_frames_at(indices[start : start + BATCH])
        yield frames.pts_seconds.tolist(), transform(frames.data)


options = arguments(__doc__, resize=["decoder", "tensor"])
model, _ = load()
decoder = opened(options.video, options.resize)
write_vectors(model, inputs(decoder, options.fps), options.out)
