"""The network alone: images a second of GhostNet 1.0 at 224, in torch and in our runtime.

    python benchmarks/backbone.py
    python benchmarks/backbone.py --images 64 --repetitions 1

All look at the same pixels, of which timm gets its floats for nothing; ours makes them of bytes.
Loading and compiling are not counted.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from agreement import file_agreement
from inputs import ensure
from measure import Competitor, Runs, interleaved, python
from report import document, save, table

from ghoststream.models import Preprocessing
from ghoststream.video.decode import open_file

BATCHES = (1, 4, 16)
PIXELS = 64
REFERENCE = "timm, torch eager, batch 16"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=480, help="a run looks at  [default: 480]")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_pixels(ensure("wide480"), Path(folder) / "pixels.npy")
        runs = interleaved(
            competitors(Path(folder), options.images), repetitions=options.repetitions
        )
        header = ["", "images / s (range)", "ms a batch", "/ timm", "peak MB", "cosine", "lowest"]
        text = document("Network alone", [table(header, rows(runs))])
    print(text)
    if options.save:
        print(save("backbone", text))


def write_pixels(video: Path, out: Path) -> None:
    """Frames from all over a video, made ready as the network wants them."""
    preprocessing = Preprocessing()
    with open_file(video) as opened:
        frames = [f for k, f in enumerate(opened.frames()) if k % 45 == 0][:PIXELS]
        np.save(out, np.stack([preprocessing.prepare(frame) for frame in frames]))


def competitors(folder: Path, images: int) -> list[Competitor]:
    ours = {
        "ghoststream, torch fp32": ("--device", "reference"),
        "ghoststream, OpenVINO fp32": ("--device", "cpu", "--precision", "fp32"),
        "ghoststream, OpenVINO bf16": ("--device", "cpu", "--precision", "bf16"),
    }
    theirs = {
        "timm, torch eager": (),
        "timm, torch channels-last": ("--layout", "channels_last"),
    }
    return [
        _competitor(f"{name}, batch {batch}", script, flags, folder, batch, images, needs)
        for batch in BATCHES
        for script, needs, choices in (
            ("backbone_timm.py", ("timm",), theirs),
            ("backbone_ghoststream.py", (), ours),
        )
        for name, flags in choices.items()
    ]


def _competitor(
    name: str,
    script: str,
    flags: tuple[str, ...],
    folder: Path,
    batch: int,
    images: int,
    needs: tuple[str, ...],
) -> Competitor:
    result = folder / f"{name}.npz"
    sizes = ("--batch", batch, "--images", images)
    command = python(script, "--pixels", folder / "pixels.npy", "--out", result, *sizes, *flags)
    return Competitor(name=name, command=command, needs=needs, clock="inside", result=result)


def rows(runs: dict[str, Runs]) -> list[list[str]]:
    return [_row(each, runs) for each in runs.values()]


def _row(each: Runs, runs: dict[str, Runs]) -> list[str]:
    name = each.competitor.name
    if each.problem is not None:
        return [name, each.problem, "", "", "", "", ""]
    images = json.loads(each.usages[0].output)["images"]
    batch = int(name.rsplit(maxsplit=1)[1])
    wall = each.wall
    rate, lowest, highest = (images / s for s in (wall.median, wall.highest, wall.lowest))
    base = runs[f"timm, torch eager, batch {batch}"]
    return [
        name,
        f"{rate:.0f} ({lowest:.0f} - {highest:.0f})",
        f"{1000 * batch / rate:.1f}",
        "-" if base.problem else f"{base.wall.median / wall.median:.2f}",
        f"{each.peak_megabytes:.0f}",
        *_cosines(each, runs[REFERENCE]),
    ]


def _cosines(each: Runs, reference: Runs) -> list[str]:
    if reference.problem or each.competitor.result is None or reference.competitor.result is None:
        return ["-", "-"]
    _, agreed = file_agreement(each.competitor.result, reference.competitor.result)
    return [f"{agreed.mean_cosine:.6f}", f"{agreed.lowest_cosine:.6f}"]


if __name__ == "__main__":
    main()
