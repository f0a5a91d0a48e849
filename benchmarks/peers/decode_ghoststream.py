"""GhostStream decodes every frame; --pixels rgb makes full-size RGB of each."""

import argparse
from pathlib import Path

from ghoststream.video.decode import open_file

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("video", type=Path)
parser.add_argument("--pixels", choices=["coded", "rgb"], default="coded")
options = parser.parse_args()
frames = 0
with open_file(options.video) as video:
    for frame in video.frames():
        frames += 1
        if options.pixels == "rgb":
            frame.rgb()
print(frames)
