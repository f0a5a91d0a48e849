"""What a user would write first: OpenCV reads frame after frame, timm looks at every n-th.

With --skip grab, frames that nobody wants are decoded, but not converted to BGR.
"""

from collections.abc import Iterator
from itertools import count

import cv2
from PIL import Image
from timm_ghostnet import arguments, batches, load, write_vectors


def sampled(path: str, fps: float | None, skip: str) -> Iterator[tuple[float, Image.Image]]:
    video = cv2.VideoCapture(path)
    rate = video.get(cv2.CAP_PROP_FPS)
    taken = 0
    for index in count():
        is_wanted = fps is None or index * fps >= taken * rate
        if skip == "grab" and not is_wanted:
            if not video.grab():
                return
            continue
        is_there, bgr = video.read()
        if not is_there:
            return
        if is_wanted:
            taken += 1
            yield index / rate, Image.fromarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


options = arguments(__doc__, skip=["read", "grab"])
model, transform = load()
images = sampled(options.video, options.fps, options.skip)
write_vectors(model, batches((time, transform(image)) for time, image in images), options.out)
