"""Decoding alone: ours, ffmpeg's, and what else there is in Python.

    python benchmarks/decode.py                    # full1080 and hevc720
    python benchmarks/decode.py wide480 --repetitions 1

All decode every frame. Some hand out the decoder's own pictures, some make full-size RGB of them.
"""

import argparse

from inputs import CLIPS, ensure
from measure import Competitor, Runs, interleaved, python
from report import document, save, table

FLOOR = "ffmpeg -f null"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["full1080", "hevc720"], metavar="INPUT")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    sections = [section(name, options.repetitions) for name in options.names]
    text = document("Decoding", sections)
    print(text)
    if options.save:
        print(save("decode", text))


def section(name: str, repetitions: int) -> str:
    """Measures all on one input."""
    runs = interleaved(competitors(str(ensure(name))), repetitions=repetitions)
    _check_frame_counts(runs)
    seconds = CLIPS[name].seconds
    header = ["", "gives", "wall s (range)", "CPU s", "peak MB", "x realtime", "/ ffmpeg"]
    rows = [_row(each, runs[FLOOR], seconds) for each in runs.values()]
    clip = CLIPS[name]
    about = f"{clip.width} x {clip.height}, {clip.codec}, {seconds} s"
    return f"## {name}: {about}\n\n{table(header, rows)}"


def competitors(video: str) -> list[Competitor]:
    return [
        Competitor(
            name=FLOOR,
            command=("ffmpeg", "-v", "error", "-i", video, "-f", "null", "-"),
            needs=("ffmpeg",),
        ),
        Competitor(name="ghoststream", command=python("decode_ghoststream.py", video)),
        Competitor(
            name="ghoststream, RGB",
            command=python("decode_ghoststream.py", video, "--pixels", "rgb"),
        ),
        Competitor(name="PyAV", command=python("decode_pyav.py", video)),
        Competitor(
            name="PyAV, threads AUTO", command=python("decode_pyav.py", video, "--threads", "auto")
        ),
        Competitor(name="OpenCV read", command=python("decode_opencv.py", video), needs=("cv2",)),
        Competitor(
            name="OpenCV grab",
            command=python("decode_opencv.py", video, "--skip", "grab"),
            needs=("cv2",),
        ),
        Competitor(
            name="torchcodec",
            command=python("decode_torchcodec.py", video),
            needs=("torchcodec",),
        ),
        Competitor(name="decord", command=python("decode_decord.py", video), needs=("decord",)),
    ]


GIVES_RGB = {"ghoststream, RGB", "OpenCV read", "torchcodec", "decord"}


def _row(runs: Runs, floor: Runs, seconds: int) -> list[str]:
    name = runs.competitor.name
    gives = "RGB" if name in GIVES_RGB else "YUV"
    if runs.problem is not None:
        return [name, gives, runs.problem, "", "", "", ""]
    wall = runs.wall
    return [
        name,
        gives,
        f"{wall.median:.2f} ({wall.lowest:.2f} - {wall.highest:.2f})",
        f"{runs.cpu.median:.2f}",
        f"{runs.peak_megabytes:.0f}",
        f"{seconds / wall.median:.1f}",
        "-" if floor.problem else f"{wall.median / floor.wall.median:.2f}",
    ]


def _check_frame_counts(runs: dict[str, Runs]) -> None:
    """A decoder that leaves frames out is not fast."""
    counts = {
        name: int(each.usages[0].output)
        for name, each in runs.items()
        if each.usages and name != FLOOR
    }
    most = max(counts.values(), default=0)
    for name, count in counts.items():
        if count != most:
            runs[name].problem = f"gave {count} frames of {most}"


if __name__ == "__main__":
    main()
