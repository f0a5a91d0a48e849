"""torchcodec decodes every frame, in batches, and makes RGB tensors."""

import sys

from torchcodec.decoders import VideoDecoder

CHUNK = 16
decoder = VideoDecoder(sys.argv[1], seek_mode="approximate", num_ffmpeg_threads=0)
declared = len(decoder)
frames = 0
for start in range(0, declared, CHUNK):
    batch = decoder.get_frames_in_range(start, min(start + CHUNK, declared))
    frames += len(batch.data)
print(frames)
