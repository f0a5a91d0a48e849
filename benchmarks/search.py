"""Search in a store of 200,000 frames, beside a scan with numpy: recall, latency, size, opening.

    python benchmarks/search.py --save      # some minutes, 3 GB of memory, 2 GB of disk

Frames like those of videos: GhostNet's last layer keeps what is positive, so vectors are made as
`max(0, bias + latent @ mixing + noise)` of 1280 numbers. The latent has 128 numbers of falling
size: a centre for each video, a change at each cut (every 40 s on average), and a slow drift; the
noise is new in each frame. Sizes are chosen so that cosines are about those of real surveillance
(208 clips): within a video 0.95, between two videos 0.63 (there 0.68), half of the numbers zero.

The hard set is independent Gaussian vectors: nothing is near anything, so no index can be good.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
from measure import Spread, measured
from report import Target, document, save, table, targets_table

from ghoststream.archive.index import build_index
from ghoststream.archive.schema import CLIPS, EVENTS, FRAMES, Recipe, schemas
from ghoststream.archive.search import HITS_PER_MOMENT, nearest, nearest_rows
from ghoststream.archive.store import Store, open_store
from ghoststream.archive.writer import VideoRows, open_writer

FEATURES, LATENT = 1280, 128
VIDEOS, FRAMES_PER_VIDEO, VIDEOS_PER_APPEND = 400, 500, 10
NEAREST = 10
STORED_QUERIES, NEW_QUERIES, SCANS, OPENINGS = 60, 30, 10, 7
CHUNK = 8192
RECIPE = Recipe(
    model="ghostnet_100",
    weights_sha256="00" * 32,
    preprocessing={"input_size": 224},
    configuration={"sampling": "1 fps"},
    frame_features=FEATURES,
    clip_features=FEATURES,
)
COLD = "from ghoststream.archive.store import open_store; open_store({!r})"
TIMED = (
    "import time; start = time.perf_counter(); import ghoststream.archive.store as store; "
    "middle = time.perf_counter(); store.open_store({!r}); end = time.perf_counter(); "
    "import json; print(json.dumps([middle - start, end - middle]))"
)


class VideoLike:
    """Vectors of one world of videos; a seed gives the same ones."""

    name = "like videos"

    def __init__(self, seed: int) -> None:
        world = np.random.default_rng(0)
        sizes = (1 + np.arange(LATENT)) ** -0.5
        self._sizes = sizes / np.linalg.norm(sizes)
        self._mixing = 0.75 * world.standard_normal((LATENT, FEATURES), np.float32)
        self._bias = world.normal(-0.05, 0.85, FEATURES).astype(np.float32)
        self._random = np.random.default_rng(seed)

    def video(self, frames: int) -> np.ndarray:
        """Frames x 1280, one a second."""
        scene = np.cumsum(self._random.random(frames) < 1 / 40)
        changes = 0.35 * self._latents(scene[-1] + 1)[scene]
        latent = self._latents(1) + changes + 0.2 * self._drift(frames)
        noise = 0.18 * self._random.standard_normal((frames, FEATURES), np.float32)
        return 0.3 * np.maximum(self._bias + latent.astype(np.float32) @ self._mixing + noise, 0)

    def altered(self, vectors: np.ndarray) -> np.ndarray:
        """As after another encoding of the same frames: cosines of about 0.98."""
        noise = 0.06 * self._random.standard_normal(vectors.shape, np.float32)
        return np.maximum(vectors.astype(np.float32) + noise, 0)

    def _latents(self, count: int) -> np.ndarray:
        return self._random.standard_normal((count, LATENT)) * self._sizes

    def _drift(self, frames: int) -> np.ndarray:
        steps = self._latents(frames)
        for number in range(1, frames):
            steps[number] = 0.9 * steps[number - 1] + (1 - 0.9**2) ** 0.5 * steps[number]
        return steps


class Gaussian:
    """Independent vectors: the hard set."""

    name = "Gaussian"

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def video(self, frames: int) -> np.ndarray:
        return self._random.standard_normal((frames, FEATURES), np.float32)

    def altered(self, vectors: np.ndarray) -> np.ndarray:
        noise = 0.2 * self._random.standard_normal(vectors.shape, np.float32)
        return vectors.astype(np.float32) + noise


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Of one way to search, in milliseconds."""

    milliseconds: Spread

    @property
    def cells(self) -> list[str]:
        worst = float(np.quantile(self.milliseconds.values, 0.95))
        return [f"{self.milliseconds.median:.1f}", f"{worst:.1f}"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that was measured of one set of vectors."""

    name: str
    latencies: dict[str, Latency]
    recall: dict[str, float]
    """Of the nearest ten frames, by the kind of query."""
    same_moments: dict[str, float]
    """Of the moments that exact search finds."""
    costs: dict[str, str]
    opening_seconds: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    parser.add_argument("--videos", type=int, default=VIDEOS, help="of 500 frames each")
    parser.add_argument("--ask", nargs=2, metavar=("STORE", "QUERIES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        ask(*options.ask)
        return
    with tempfile.TemporaryDirectory() as folder:
        outcomes = [
            outcome(kind, options.videos, Path(folder) / kind.__name__)
            for kind in (VideoLike, Gaussian)
        ]
    text = document(f"Search in {options.videos * FRAMES_PER_VIDEO:,} frames", sections(outcomes))
    print(text)
    if options.save:
        print(save("search", text))


def outcome(kind: type[VideoLike] | type[Gaussian], videos: int, folder: Path) -> Outcome:
    """Makes a store of one kind of vectors, and asks it everything."""
    folder.mkdir()
    print(f"{kind.name}: writing", file=sys.stderr)
    vectors, write_seconds = written(kind(1), videos, folder)
    kinds = queries(kind(2), vectors)
    every = np.concatenate(list(kinds.values()))
    print(f"{kind.name}: exact search", file=sys.stderr)
    units = vectors.astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    truth = {name: exact_rows(units, some) for name, some in kinds.items()}
    scans = {
        "numpy, float32 matrix in memory": timed(partial(scan, units), every[:SCANS]),
        "numpy, float16 file": timed(file_scan(folder / "vectors.npy"), every[:SCANS]),
    }
    del units
    store = open_store(folder / "store")
    scans["GhostStream, exact"] = timed(partial(search, store), every[:SCANS])
    exact = {name: [search(store, query) for query in some] for name, some in kinds.items()}
    print(f"{kind.name}: indexing", file=sys.stderr)
    start = time.perf_counter()
    build_index(store)
    build_seconds = time.perf_counter() - start
    store = open_store(folder / "store")
    scans["GhostStream, with the index"] = timed(partial(search, store), every)
    np.save(folder / "queries.npy", every)
    return Outcome(
        name=kind.name,
        latencies=scans,
        recall={name: recall(store, some, truth[name]) for name, some in kinds.items()},
        same_moments={name: same_moments(store, some, exact[name]) for name, some in kinds.items()},
        costs=costs(folder, write_seconds, build_seconds),
        opening_seconds=opening(folder / "store"),
    )


def written(world: VideoLike | Gaussian, videos: int, folder: Path) -> tuple[np.ndarray, float]:
    """Stores the vectors through the writer; all of them as stored, and the seconds it took."""
    vectors = np.empty((videos, FRAMES_PER_VIDEO, FEATURES), np.float16)
    seconds = 0.0
    with open_writer(folder / "store", RECIPE) as writer:
        for first in range(0, videos, VIDEOS_PER_APPEND):
            numbers = range(first, min(first + VIDEOS_PER_APPEND, videos))
            for number in numbers:
                vectors[number] = world.video(FRAMES_PER_VIDEO)
            rows = [video_rows(number, vectors[number]) for number in numbers]
            start = time.perf_counter()
            writer.append(rows)
            seconds += time.perf_counter() - start
        writer.compact()
    flat = vectors.reshape(-1, FEATURES)
    np.save(folder / "vectors.npy", flat)
    return flat, seconds


def video_rows(number: int, vectors: np.ndarray) -> VideoRows:
    name, count = f"{number:05d}.mp4", len(vectors)
    video = video_id(number)
    wanted = schemas(RECIPE)
    frames = {
        "video": [video] * count,
        "frame": range(count),
        "pts": range(0, 1000 * count, 1000),
        "time_base": ["1/1000"] * count,
        "seconds": np.arange(count, dtype=float),
        "end_seconds": np.arange(count) + 0.04,
        "contrast": [50.0] * count,
    }
    columns = [pa.array(values, wanted[FRAMES].field(key).type) for key, values in frames.items()]
    columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), FEATURES))
    return VideoRows(
        row={
            "video": video,
            "path": f"/archive/{name}",
            "path_bytes": f"/archive/{name}".encode(),
            "source": name,
            "size": 1,
            "mtime_ns": 0,
            "status": "done",
            "start_seconds": 0.0,
            "duration_seconds": float(count),
            "header": "{}",
            **dict.fromkeys(("frames", "sampled"), count),
            **dict.fromkeys(("skipped", "clips", "events", "dropped", "decode_errors"), 0),
        },
        frames=pa.Table.from_arrays(columns, schema=wanted[FRAMES]),
        clips=wanted[CLIPS].empty_table(),
        events=wanted[EVENTS].empty_table(),
    )


def video_id(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()[:16]


def queries(world: VideoLike | Gaussian, vectors: np.ndarray) -> dict[str, np.ndarray]:
    places = np.random.default_rng(3).integers(0, len(vectors), STORED_QUERIES)
    return {
        "stored frames, altered": world.altered(vectors[places]),
        "frames of other videos": np.concatenate([world.video(1) for _ in range(NEW_QUERIES)]),
    }


def exact_rows(units: np.ndarray, some: np.ndarray) -> list[set[int]]:
    return [set(scan(units, query)) for query in some]


def scan(units: np.ndarray, query: np.ndarray) -> list[int]:
    """Rows of the nearest ten; the length of the query changes no order."""
    return np.argpartition(-(units @ query), NEAREST)[:NEAREST].tolist()


def file_scan(path: Path) -> Callable[[np.ndarray], list[int]]:
    """A scan of half-precision numbers that stay in a file, which the system may keep in memory."""
    stored = np.load(path, mmap_mode="r")
    lengths = np.concatenate([np.linalg.norm(each, axis=1) for each in chunks(stored)])

    def search_file(query: np.ndarray) -> list[int]:
        cosines = np.concatenate([each @ query for each in chunks(stored)]) / lengths
        return np.argpartition(-cosines, NEAREST)[:NEAREST].tolist()

    return search_file


def chunks(stored: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(stored), CHUNK):
        yield stored[first : first + CHUNK].astype(np.float32)


def search(store: Store, query: np.ndarray) -> set[tuple[str, float]]:
    """The whole public call; what its moments are."""
    found = nearest(store, query, table="frames", limit=NEAREST)
    return {(moment.video, moment.best_seconds) for moment in found}


def timed(ask_once: Callable[[np.ndarray], object], some: np.ndarray) -> Latency:
    values = []
    for query in (some[0], *some):
        start = time.perf_counter()
        ask_once(query)
        values.append(1000 * (time.perf_counter() - start))
    return Latency(milliseconds=Spread(tuple(values[1:])))


def recall(store: Store, some: np.ndarray, truth: list[set[int]]) -> float:
    """Share of the nearest ten frames that the rows hold of which `nearest` makes moments."""
    numbers = {video_id(number): number for number in range(store.videos().num_rows)}
    shares = []
    for query, wanted in zip(some, truth, strict=True):
        rows = nearest_rows(store, query, table=FRAMES, count=NEAREST * HITS_PER_MOMENT)
        pairs = zip(rows["video"].to_pylist(), rows["frame"].to_pylist(), strict=True)
        found = [numbers[video] * FRAMES_PER_VIDEO + frame for video, frame in pairs]
        shares.append(len(wanted & set(found[:NEAREST])) / NEAREST)
    return float(np.mean(shares))


def same_moments(store: Store, some: np.ndarray, exact: list[set[tuple[str, float]]]) -> float:
    shares = [
        len(search(store, query) & wanted) / len(wanted)
        for query, wanted in zip(some, exact, strict=True)
    ]
    return float(np.mean(shares))


def costs(folder: Path, write_seconds: float, build_seconds: float) -> dict[str, str]:
    index = size_bytes(folder / "store" / "frames.lance" / "_indices")
    whole = size_bytes(folder / "store")
    script = [sys.executable, __file__, "--ask", str(folder / "store")]
    usage = measured([*script, str(folder / "queries.npy")])
    return {
        "writing, s": f"{write_seconds:.1f}",
        "building the index, s": f"{build_seconds:.1f}",
        "store without index, old versions still there, MB": f"{(whole - index) / 1e6:.0f}",
        "index, MB": f"{index / 1e6:.0f}",
        "vectors in half precision, MB": f"{size_bytes(folder / 'vectors.npy') / 1e6:.0f}",
        "peak memory of a process that asks all queries, MB": f"{usage.peak_bytes / 1e6:.0f}",
    }


def ask(store: str, some: str) -> None:
    """In a process of its own, for its memory."""
    opened = open_store(store)
    for query in np.load(some):
        search(opened, query)


def size_bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def opening(store: Path) -> dict[str, float]:
    """Medians: opened again in this process, and in new ones."""
    again = []
    for _ in range(OPENINGS):
        start = time.perf_counter()
        open_store(store)
        again.append(time.perf_counter() - start)
    parts = [json.loads(printed(TIMED.format(str(store)))) for _ in range(OPENINGS)]
    processes = [measured([sys.executable, "-c", COLD.format(str(store))]) for _ in parts]
    empty = [measured([sys.executable, "-c", "pass"]) for _ in parts]
    return {
        "open_store in a warm process": float(np.median(again)),
        "open_store, first of a process": float(np.median([part[1] for part in parts])),
        "imports before it": float(np.median([part[0] for part in parts])),
        "whole new process that opens": float(np.median([each.wall_seconds for each in processes])),
        "whole new process that does nothing": float(
            np.median([each.wall_seconds for each in empty])
        ),
    }


def printed(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sections(outcomes: list[Outcome]) -> list[str]:
    video_like = outcomes[0]
    names = [each.name for each in outcomes]
    kinds = list(video_like.recall)
    return [
        f"lancedb {version('lancedb')}. Vectors: see the head of the script. "
        f"Processes that wanted a core during the last 15 minutes: {os.getloadavg()[2]:.1f}.",
        table(
            ["milliseconds a query", *(f"{n}, {q}" for n in names for q in ("median", "p95"))],
            [
                [way, *(cell for each in outcomes for cell in each.latencies[way].cells)]
                for way in video_like.latencies
            ],
        ),
        table(
            ["against exact search", *names],
            [
                *(
                    [f"recall@10, {kind}", *(f"{each.recall[kind]:.3f}" for each in outcomes)]
                    for kind in kinds
                ),
                *(
                    [f"same moments, {kind}", *(f"{o.same_moments[kind]:.3f}" for o in outcomes)]
                    for kind in kinds
                ),
            ],
        ),
        table(
            ["cost", *names],
            [[key, *(each.costs[key] for each in outcomes)] for key in video_like.costs],
        ),
        table(
            ["opening, seconds", *names],
            [
                [key, *(f"{each.opening_seconds[key]:.3f}" for each in outcomes)]
                for key in video_like.opening_seconds
            ],
        ),
        targets_table(targets(video_like)),
    ]


def targets(of: Outcome) -> list[Target]:
    latency = of.latencies["GhostStream, with the index"].milliseconds.median
    return [
        Target(about="median query, ms", limit=50, measured=latency),
        *(
            Target(about=f"recall@10, {kind}", limit=0.95, measured=share, at_least=True)
            for kind, share in of.recall.items()
        ),
        *(
            Target(about=f"{key}, s", limit=0.5, measured=of.opening_seconds[key])
            for key in ("open_store in a warm process", "open_store, first of a process")
        ),
    ]


if __name__ == "__main__":
    main()
