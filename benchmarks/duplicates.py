"""How well copies of videos are found: recall by alteration, false pairs, errors of the offset.

    python benchmarks/duplicates.py                  # the sample videos alone
    python benchmarks/duplicates.py --clips clips.csv  # and real clips: path,label,group
    python benchmarks/duplicates.py --cost           # time and memory for 200,000 frames

A scene is a sample video, or three clips of one camera, one after the other. Of some scenes altered
copies are made; the others only stand beside them. Scenes of one camera are not copies of others.
The lowest score is chosen on every second camera, and judged on the others.
"""

import argparse
import csv
import resource
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
from altered import ALTERATIONS, Alteration, altered, pictures, write
from numpy.typing import NDArray

import ghoststream
from ghoststream.archive.duplicates import MIN_SCORE, Duplicate, find_duplicates
from ghoststream.archive.schema import Recipe, schemas
from ghoststream.archive.store import open_store
from ghoststream.archive.writer import VideoRows, open_writer

SAMPLES = Path(__file__).parent.parent / "sample_videos"
CACHE = Path(__file__).parent / "inputs" / "duplicates"
CLIPS_A_SCENE, SCENES_A_CAMERA = 3, 3
FEATURES = 1280
RECIPE = Recipe(
    model="ghostnet_100",
    weights_sha256="bundled",
    preprocessing={},
    configuration={"fps": "4"},
    frame_features=FEATURES,
    clip_features=FEATURES,
)
THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
COST_FRAMES, COST_VIDEO_FRAMES, COST_COPIES = 200_000, 400, 20

Rows = tuple[NDArray[np.float64], NDArray[np.float32]]
"""Spans in seconds, N x 2, and vectors, N x D."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is filmed by one camera."""

    name: str
    camera: str
    paths: tuple[Path, ...]
    is_copied: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="table of real clips: path,label,group")
    parser.add_argument("--cost", action="store_true", help="measure time and memory instead")
    arguments = parser.parse_args()
    if arguments.cost:
        cost()
    else:
        quality(arguments.clips)


def quality(clips: Path | None) -> None:
    scenes, fillers = find_scenes(clips)
    originals = {scene.name: vectors(scene, "original", fillers) for scene in scenes}
    found = {name: pairs(scenes, originals, name, fillers) for name in ALTERATIONS}
    for part, title in ((0, "chosen on"), (1, "judged on")):
        some = {scene.name for scene in scenes if side(scene, scenes) == part}
        print(f"\n{title} {len(some)} scenes\n")
        tell_scores(scenes, found, some)
        tell_alterations(scenes, found, some)


def find_scenes(clips: Path | None) -> tuple[list[Scene], list[Path]]:
    """Scenes, and clips of no scene to put around copies."""
    names = [path.stem for path in sorted(SAMPLES.glob("*.mp4")) if path.stem != "tour"]
    scenes = [
        Scene(name=name, camera=name, paths=(SAMPLES / f"{name}.mp4",), is_copied=True)
        for name in names
    ]
    if clips is None:
        return scenes, [SAMPLES / "tour.mp4"]
    cameras: defaultdict[str, list[Path]] = defaultdict(list)
    for row in csv.DictReader(clips.open()):
        cameras[row["group"]].append(clips.parent / row["path"])
    fillers = []
    for number, (camera, paths) in enumerate(sorted(cameras.items())):
        if len(paths) < CLIPS_A_SCENE:
            fillers += paths
        for k in range(min(len(paths) // CLIPS_A_SCENE, SCENES_A_CAMERA)):
            chosen = tuple(paths[k * CLIPS_A_SCENE : (k + 1) * CLIPS_A_SCENE])
            is_copied = k == 0 and number % 3 != 2
            scenes.append(
                Scene(name=f"{camera}-{k}", camera=camera, paths=chosen, is_copied=is_copied)
            )
    return scenes, fillers[:4]


def side(scene: Scene, scenes: Sequence[Scene]) -> int:
    cameras = sorted({each.camera for each in scenes})
    return cameras.index(scene.camera) % 2


def vectors(scene: Scene, alteration: str, fillers: Sequence[Path]) -> Rows:
    """Of a scene or a copy, four frames a second; kept for the next time."""
    path = CACHE / f"{scene.name}@{alteration}.npz"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        how = ALTERATIONS.get(alteration, Alteration())
        filler = pictures(fillers) if how.is_embedded else ()
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "copy.mp4"
            write(video, altered(pictures(scene.paths), filler, how), how)
            found = list(ghoststream.embed(video))
        spans = [(float(each.span.start), float(each.span.end)) for each in found]
        np.savez(path, s=np.array(spans), x=np.stack([each.vector for each in found]))
    with np.load(path) as arrays:
        return arrays["s"], arrays["x"]


def pairs(
    scenes: Sequence[Scene], originals: dict[str, Rows], alteration: str, fillers: Sequence[Path]
) -> list[Duplicate]:
    """What is found in a store of all scenes and the copies of one kind."""
    copied = [scene for scene in scenes if scene.is_copied]
    copies = {f"{scene.name}@": vectors(scene, alteration, fillers) for scene in copied}
    with tempfile.TemporaryDirectory() as folder:
        with open_writer(folder, RECIPE) as writer:
            writer.append([stored(*each) for each in {**originals, **copies}.items()])
        return find_duplicates(open_store(folder), min_score=min(THRESHOLDS))


def stored(name: str, rows: Rows) -> VideoRows:
    """Rows of a store; all frames count as pictures with contrast, as they are."""
    spans, found = rows
    tables, count = schemas(RECIPE), len(spans)
    number = sha256(name.encode()).hexdigest()[:16]
    frames = pa.table(
        {
            "video": [number] * count,
            "frame": pa.array(range(count), pa.int32()),
            "pts": [round(start * 90_000) for start in spans[:, 0]],
            "time_base": ["1/90000"] * count,
            "seconds": spans[:, 0],
            "end_seconds": spans[:, 1],
            "contrast": pa.array([50.0] * count, pa.float32()),
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(found.astype(np.float16).ravel()), FEATURES
            ),
        },
        schema=tables["frames"],
    )
    row = dict.fromkeys(tables["videos"].names, 0) | {
        "video": number,
        "path": name,
        "path_bytes": name.encode(),
        "source": name,
        "content_sha256": number,
        "status": "done",
        "error": None,
        "error_code": None,
        "start_seconds": float(spans[0, 0]),
        "duration_seconds": float(spans[-1, 1] - spans[0, 0]),
        "sampled": count,
        "header": "{}",
    }
    clips, events = (tables[name].empty_table() for name in ("clips", "events"))
    return VideoRows(row=row, frames=frames, clips=clips, events=events)


def names(pair: Duplicate) -> tuple[str, str]:
    return str(pair.first), str(pair.second)


def is_true(pair: Duplicate, how: Alteration) -> bool:
    """Of one scene; or what was put around two copies."""
    first, second = names(pair)
    return first.rstrip("@") == second.rstrip("@") or (
        how.is_embedded and first.endswith("@") and second.endswith("@")
    )


def tell_scores(scenes: Sequence[Scene], found: dict[str, list[Duplicate]], some: set[str]) -> None:
    """Recall and false pairs by the lowest score that counts."""
    cameras = {scene.name: scene.camera for scene in scenes}
    copied = [scene for scene in scenes if scene.is_copied and scene.name in some]
    print("| lowest score | found | false pairs, same camera | false pairs, others |")
    print("|---|---|---|---|")
    for threshold in THRESHOLDS:
        hits, same, other = 0, set(), set()
        for alteration, all_pairs in found.items():
            good = [pair for pair in all_pairs if pair.score >= threshold]
            hits += sum(scene.name in first_hits(good) for scene in copied)
            for pair in good:
                a, b = (name.rstrip("@") for name in names(pair))
                if {a, b} & some and not is_true(pair, ALTERATIONS[alteration]):
                    (same if cameras[a] == cameras[b] else other).add((a, b))
        share = hits / (len(copied) * len(found))
        print(f"| {threshold:.2f} | {share:.3f} | {len(same)} | {len(other)} |")


def first_hits(found: Sequence[Duplicate]) -> dict[str, Duplicate]:
    """The longest stretch of each scene and its copy."""
    hits: dict[str, Duplicate] = {}
    for pair in found:
        first, second = names(pair)
        if first.rstrip("@") == second.rstrip("@"):
            hits.setdefault(first.rstrip("@"), pair)
    return hits


def tell_alterations(
    scenes: Sequence[Scene], found: dict[str, list[Duplicate]], some: set[str]
) -> None:
    copied = [scene.name for scene in scenes if scene.is_copied and scene.name in some]
    print(f"\nAt {MIN_SCORE}:\n")
    print("| alteration | found | median score | offset error, median | largest | missed |")
    print("|---|---|---|---|---|---|")
    for alteration, all_pairs in found.items():
        hits = first_hits([pair for pair in all_pairs if pair.score >= MIN_SCORE])
        good = {name: hits[name] for name in copied if name in hits}
        missed = ", ".join(name for name in copied if name not in hits) or "-"
        errors = [offset_error(pair, ALTERATIONS[alteration]) for pair in good.values()] or [np.nan]
        scores = [pair.score for pair in good.values()] or [np.nan]
        print(
            f"| {alteration} | {len(good)} of {len(copied)} | {np.median(scores):.2f} | "
            f"{np.median(errors):.3f} s | {max(errors):.3f} s | {missed} |"
        )


def offset_error(pair: Duplicate, how: Alteration) -> float:
    sign = 1 if str(pair.second).endswith("@") else -1
    return abs(sign * pair.offset_seconds - how.offset_seconds)


def cost() -> None:
    """Videos whose vectors go their own ways, a few of them copies."""
    folder = Path(tempfile.mkdtemp())
    with open_writer(folder, RECIPE) as writer:
        for some in grouped(made_videos(), 20):
            writer.append(some)
        writer.compact()
    began = time.perf_counter(), time.process_time()
    found = find_duplicates(open_store(folder))
    wall, cores = time.perf_counter() - began[0], time.process_time() - began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    right = sum(names(pair)[1] == f"{names(pair)[0]}-copy" for pair in found)
    print(f"{COST_FRAMES} frames: {wall:.0f} s, {cores:.0f} s of processor, peak {peak:.2f} GB")
    print(f"{right} of {COST_COPIES} copies, {len(found) - right} other pairs")
    shutil.rmtree(folder)


def made_videos() -> Iterator[VideoRows]:
    rng = np.random.default_rng(1)
    common = rng.normal(0, 1, FEATURES)
    spans = np.arange(COST_VIDEO_FRAMES)[:, None] / 4 + np.array([0, 0.25])
    count = COST_FRAMES // COST_VIDEO_FRAMES
    for number in range(count - COST_COPIES):
        steps = rng.normal(0, 0.05, (COST_VIDEO_FRAMES, FEATURES)).cumsum(0)
        shown = common + rng.normal(0, 0.5, FEATURES) + steps
        yield stored(f"{number:04}", (spans, shown.astype(np.float32)))
        if number < COST_COPIES:
            noise = rng.normal(0, 0.02, shown.shape)
            yield stored(f"{number:04}-copy", (spans, (shown + noise).astype(np.float32)))


def grouped(videos: Iterator[VideoRows], size: int) -> Iterator[list[VideoRows]]:
    group: list[VideoRows] = []
    for video in videos:
        group.append(video)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


if __name__ == "__main__":
    main()
