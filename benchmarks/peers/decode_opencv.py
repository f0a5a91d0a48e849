"""OpenCV decodes every frame and makes BGR of it; with --skip grab, it decodes only."""

import argparse

import cv2

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("video")
parser.add_argument("--skip", choices=["read", "grab"], default="read")
options = parser.parse_args()
video = cv2.VideoCapture(options.video)
frames = 0
while video.grab() if options.skip == "grab" else video.read()[0]:
    frames += 1
print(frames)
