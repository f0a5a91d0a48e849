"""PyAV decodes every frame, as its examples do; --threads auto decodes several at a time."""

import argparse

import av

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("video")
parser.add_argument("--threads", choices=["default", "auto"], default="default")
options = parser.parse_args()
with av.open(options.video) as container:
    if options.threads == "auto":
        container.streams.video[0].thread_type = "AUTO"
    frames = sum(1 for _ in container.decode(video=0))
print(frames)
