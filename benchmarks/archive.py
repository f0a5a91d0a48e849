"""Archives: files a second on one core and on all, and whether a clip finds those of its source.

    python benchmarks/archive.py --save                      # some minutes
    python benchmarks/archive.py --labelled clips.csv --save # also search, over clips of your own

The archive is made of pieces of the videos in `inputs.py`, copied packet by packet. `clips.csv` has
the columns path, label and group, where a group is the camera or video that clips were taken from.
"""

import argparse
import csv
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inputs import ensure
from measure import GHOSTSTREAM, Competitor, Runs, interleaved
from report import Target, document, save, table, targets_table

import ghoststream
from ghoststream.archive.moments import Moment
from ghoststream.archive.store import Store
from ghoststream.cores import available_cores

PIECE_SECONDS = 10
COPIES = 4
PIECES = {"wide480": 120, "long1080": 60}
"""Seconds of each video that are cut into pieces."""
BEST = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--labelled", type=Path, help="CSV with the columns path, label and group")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    sections = [throughput(options.repetitions)]
    if options.labelled:
        sections.append(neighbours(options.labelled))
    text = document("Archives", sections)
    print(text)
    if options.save:
        print(save("archive", text))


def throughput(repetitions: int) -> str:
    """The whole command over many files, on one core and on all."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "videos"
        files = sum(1 for _ in write_pieces(archive))
        one = embedding("one core", archive, Path(folder), prefix=("taskset", "-c", "0"))
        all_cores = embedding("all cores", archive, Path(folder))
        runs = interleaved([one, all_cores], repetitions=repetitions)
    seconds = COPIES * sum(PIECES.values())
    rows = [[name, *figures(each, files, seconds)] for name, each in runs.items()]
    share = runs["one core"].wall.median / runs["all cores"].wall.median / available_cores()
    target = Target(
        about=f"speed on {available_cores()} cores / {available_cores()} x speed on one",
        limit=0.9,
        measured=share,
        at_least=True,
    )
    header = ["embed --fps 2", "wall s", "lowest", "highest", "files/s", "realtime", "peak MB"]
    title = f"## Throughput\n\n{files} files of {PIECE_SECONDS} s, 480p and 1080p, a new store."
    return "\n\n".join([title, table(header, rows), targets_table([target])])


def write_pieces(archive: Path) -> Iterator[Path]:
    """Several directories of the same pieces; a run takes each file for itself."""
    for copy in range(COPIES):
        for name, seconds in PIECES.items():
            for start in range(0, seconds, PIECE_SECONDS):
                path = archive / f"camera {copy}" / f"{name}-{start}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                yield cut(ensure(name), path, start)


def cut(video: Path, path: Path, start: int) -> Path:
    """A piece of a video, from the keyframe at or before its start."""
    span = ["-ss", str(start), "-t", str(PIECE_SECONDS)]
    command = ["ffmpeg", "-v", "error", *span, "-i", str(video), "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    return path


def embedding(name: str, archive: Path, folder: Path, prefix: Sequence[str] = ()) -> Competitor:
    """The command, which begins with an empty store each time."""
    store = folder / f"{name}.store"
    embed = f'{GHOSTSTREAM} embed "{archive}" --fps 2 --weights bundled --store "{store}"'
    script = f'rm -rf "{store}" && {embed} >/dev/null 2>&1'
    return Competitor(name=name, command=(*prefix, "bash", "-c", script))


def figures(runs: Runs, files: int, seconds: int) -> list[str]:
    wall = runs.wall
    return [
        *(f"{value:.1f}" for value in (wall.median, wall.lowest, wall.highest)),
        f"{files / wall.median:.2f}",
        f"{seconds / wall.median:.1f} x",
        f"{runs.peak_megabytes:.0f}",
    ]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A labelled one."""

    path: Path
    label: str
    group: str


def neighbours(listed: Path) -> str:
    """How many of the videos that a clip finds first are of its own group, and of its own label."""
    with listed.open() as file:
        clips = [
            Clip(
                path=(listed.parent / row["path"]).resolve(), label=row["label"], group=row["group"]
            )
            for row in csv.DictReader(file)
        ]
    with tempfile.TemporaryDirectory() as folder:
        store = labelled_store(listed.parent, Path(folder))
        found = {clip.path: first_videos(store, clip) for clip in clips}
    by_path = {clip.path: clip for clip in clips}
    rows = []
    for what in ("group", "label"):
        sizes = Counter(getattr(clip, what) for clip in clips)
        asked = [clip for clip in clips if sizes[getattr(clip, what)] > BEST]
        shares = [
            [getattr(by_path[path], what) == getattr(clip, what) for path in found[clip.path]]
            for clip in asked
        ]
        first = sum(hits[0] for hits in shares) / len(shares)
        best = sum(sum(hits) for hits in shares) / (BEST * len(shares))
        chance = sum(sizes[getattr(c, what)] - 1 for c in asked) / len(asked) / (len(clips) - 1)
        rows.append([what, str(len(asked)), f"{first:.3f}", f"{best:.3f}", f"{chance:.3f}"])
    header = ["same", "queries", "precision@1", f"precision@{BEST}", "by chance"]
    title = f"""## A clip finds its like

{len(clips)} clips, 4 frames a second; each is a query by itself (`--clip`), and the first {BEST}
other videos are judged. Only clips with at least {BEST} others of their kind ask."""
    return "\n\n".join([title, table(header, rows)])


def labelled_store(archive: Path, folder: Path) -> Store:
    command = [GHOSTSTREAM, "label", str(archive), "--weights", "bundled"]
    outputs = ["--store", str(folder / "store"), "--out", str(folder / "labels")]
    subprocess.run([*command, *outputs], check=True)
    return ghoststream.open_store(folder / "store")


def first_videos(store: Store, clip: Clip) -> list[Path]:
    """The first other videos that are found, each once."""
    (row,) = store.videos(f"path = '{clip.path}'").to_pylist()
    end = row["start_seconds"] + row["duration_seconds"]
    moments: list[Moment] = store.search(clip=f"{clip.path}@{row['start_seconds']}-{end}", limit=50)
    paths = list(dict.fromkeys(moment.path for moment in moments if moment.path != clip.path))
    return paths[:BEST]


if __name__ == "__main__":
    main()
