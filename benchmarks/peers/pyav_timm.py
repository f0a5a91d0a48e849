"""PyAV decodes keyframes only; timm embeds them."""

from collections.abc import Iterator

import av
from PIL import Image
from timm_ghostnet import arguments, batches, load, write_vectors


def keyframes(path: str) -> Iterator[tuple[float, Image.Image]]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield frame.time, frame.to_image()


options = arguments(__doc__)
model, transform = load()
images = keyframes(options.video)
write_vectors(model, batches((time, transform(image)) for time, image in images), options.out)
