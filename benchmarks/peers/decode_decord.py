"""decord decodes every frame and makes RGB arrays."""

import sys

from decord import VideoReader, cpu

video = VideoReader(sys.argv[1], ctx=cpu(0))
frames = 0
for _ in range(len(video)):
    video.next()
    frames += 1
print(frames)
