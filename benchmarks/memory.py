"""Peak memory over an hour of 1080p: one long file, and several at once.

    python benchmarks/memory.py --save      # some minutes

The hour is the five minutes of `full1080`, twelve times over, copied packet by packet.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from inputs import ensure
from measure import GHOSTSTREAM, Usage, measured
from report import Target, document, save, table, targets_table

COPIES = 12
LIMIT_MEGABYTES = 800
SAMPLINGS = {"fps 2": ("--fps", "2"), "keyframes": ("--keyframes",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hour = looped(ensure("full1080"), COPIES, Path(folder))
        runs = {
            f"one hour, {name}": embedded([hour], flags, Path(folder))
            for name, flags in SAMPLINGS.items()
        }
        minutes = [looped(ensure("full1080"), 1, Path(folder), name=f"{k}") for k in range(4)]
        runs["four files of 5 minutes, fps 2, two workers"] = embedded(
            minutes, ("--fps", "2", "--workers", "2"), Path(folder)
        )
    rows = [
        [name, f"{usage.wall_seconds:.1f}", f"{usage.cpu_seconds:.1f}", megabytes(usage)]
        for name, usage in runs.items()
    ]
    first = next(iter(runs.values()))
    targets = [
        Target(
            about="peak MB over an hour of 1080p",
            limit=LIMIT_MEGABYTES,
            measured=first.peak_bytes / 1e6,
        )
    ]
    sections = [table(["embed", "wall s", "CPU s", "peak MB"], rows), targets_table(targets)]
    text = document("Memory", sections)
    print(text)
    if options.save:
        print(save("memory", text))


def looped(video: Path, copies: int, folder: Path, name: str = "hour") -> Path:
    """The video several times over, nothing coded anew."""
    path = folder / f"{name}.mp4"
    loop = ["-stream_loop", str(copies - 1), "-i", str(video), "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *loop], check=True)
    return path


def embedded(videos: list[Path], flags: tuple[str, ...], folder: Path) -> Usage:
    """One run of `ghoststream embed`."""
    out = ("--out", str(folder / "vectors.parquet"), "--weights", "bundled")
    return measured([GHOSTSTREAM, "embed", *map(str, videos), *flags, *out])


def megabytes(usage: Usage) -> str:
    return f"{usage.peak_bytes / 1e6:.0f}"


if __name__ == "__main__":
    main()
