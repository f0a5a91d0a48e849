"""From a file to vectors on disk: whole processes, start-up included, and how true the vectors are.

    python benchmarks/end_to_end.py --save                      # everything, an hour or two
    python benchmarks/end_to_end.py every_frame --repetitions 1
    python benchmarks/end_to_end.py --seconds 10 --repetitions 1   # on the start of each input

The floor is ffmpeg, which merely decodes; the ceiling is the network, which merely looks at as many
pictures. Cosines are to vectors of a full decode, scaled and embedded by timm in fp32.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from agreement import file_agreement
from inputs import CLIPS, ensure
from measure import GHOSTSTREAM, Competitor, Runs, interleaved, measured, python
from report import Target, document, save, table, targets_table

from ghoststream.video.decode import open_file
from ghoststream.video.excerpt import write_excerpt

FLOOR = "ffmpeg, bare decode"
CEILING = "network alone, as many images"
LOOP = "OpenCV + timm"
HEADER = [
    "", "wall s (range)", "CPU s", "peak MB", "x realtime", "/ floor", "/ loop", "frames",
    "cosine", "lowest",
]  # fmt: skip
SAMPLINGS: dict[str, tuple[str, ...]] = {
    "fps 2": ("--fps", "2"),
    "fps 0.5": ("--fps", "0.5"),
    "every frame": (),
    "keyframes": (),
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One video, and everything that is measured on it in one run."""

    video: Path
    seconds: float
    folder: Path
    """For results."""

    def floor(self) -> Competitor:
        command = ("ffmpeg", "-v", "error", "-i", str(self.video), "-f", "null", "-")
        return Competitor(name=FLOOR, command=command, needs=("ffmpeg",))

    def ceiling(self, images: int) -> Competitor:
        pixels = self.folder / "pixels.npy"
        dice = np.random.default_rng(0)
        np.save(pixels, dice.integers(0, 256, (16, 224, 224, 3), np.uint8))
        flags = ("--pixels", pixels, "--out", self.folder / "bare.npz", "--batch", 16)
        command = python("backbone_ghoststream.py", *flags, "--images", images)
        return Competitor(name=CEILING, command=command, clock="inside")

    def ours(self, sampling: str) -> Competitor:
        result = self._result("ghoststream", sampling, "parquet")
        flag = SAMPLINGS[sampling] or (f"--{sampling.replace(' ', '-')}",)
        # As timm frames pictures, whatever is usual.
        how = ("--framing", "center", "--weights", "bundled", "--out", str(result))
        command = (GHOSTSTREAM, "embed", str(self.video), *flag, *how)
        return Competitor(name=_named("ghoststream", sampling), command=command, result=result)

    def peers(self, sampling: str) -> list[Competitor]:
        return [
            self._peer(LOOP, "opencv_timm.py", sampling, "cv2"),
            self._peer("OpenCV grab + timm", "opencv_timm.py", sampling, "cv2", "--skip", "grab"),
            self._peer("torchcodec + timm", "torchcodec_timm.py", sampling, "torchcodec"),
            self._peer("decord + timm", "decord_timm.py", sampling, "decord"),
        ]

    def keyframe_peer(self) -> Competitor:
        return self._peer("PyAV keyframes + timm", "pyav_timm.py", "keyframes", "av")

    def reference(self, sampling: str) -> Path:
        """The slow truth, computed once."""
        path = self._result("reference", sampling, "npz")
        if not path.exists():
            which = ("--which", "keyframes") if sampling == "keyframes" else ()
            flags = (*SAMPLINGS[sampling], *which, "--out", path)
            measured(python("reference.py", self.video, *flags))
        return path

    def _peer(self, name: str, script: str, sampling: str, package: str, *flags: str) -> Competitor:
        result = self._result(name, sampling, "npz")
        command = python(script, self.video, "--out", result, *SAMPLINGS[sampling], *flags)
        named = _named(name, sampling)
        return Competitor(name=named, command=command, needs=(package, "timm"), result=result)

    def _result(self, name: str, sampling: str, suffix: str) -> Path:
        return self.folder / f"{self.video.stem}-{name}-{sampling}.{suffix}".replace(" ", "_")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table, and the targets that its numbers decide."""

    text: str
    targets: list[Target]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=int, help="of each input  [default: all]")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sections = [
            SECTIONS[name](Path(folder), options.seconds, options.repetitions)
            for name in options.names or SECTIONS
        ]
    targets = [target for section in sections for target in section.targets]
    texts = [section.text for section in sections]
    text = document("From file to vectors", [*texts, f"## Targets\n\n{targets_table(targets)}"])
    print(text)
    if options.save:
        print(save("-".join(["end-to-end", *options.names]), text))


def sampled(folder: Path, seconds: int | None, repetitions: int) -> Section:
    """1080p H.264: at rates, and keyframes alone."""
    bench = opened("full1080", folder, seconds)
    competitors = [
        bench.floor(),
        bench.ours("fps 2"),
        *bench.peers("fps 2"),
        bench.ours("fps 0.5"),
        bench.ours("keyframes"),
        bench.keyframe_peer(),
    ]
    runs = interleaved(competitors, repetitions=repetitions)
    ours, loop = runs["ghoststream, fps 2"], runs[f"{LOOP}, fps 2"]
    targets = [
        _at_most("--fps 2: wall / ffmpeg's bare decode", 0.75, ours, runs[FLOOR]),
        _at_most("--fps 2: wall / OpenCV + timm loop", 0.45, ours, loop),
        _at_most(
            "--fps 0.5: wall / ffmpeg's bare decode",
            0.30,
            runs["ghoststream, fps 0.5"],
            runs[FLOOR],
        ),
        Target(
            about="--keyframes: x realtime",
            limit=80,
            measured=_realtime(runs["ghoststream, keyframes"], bench.seconds),
            at_least=True,
        ),
    ]
    return Section(text=_text("full1080", bench, runs), targets=targets)


def every_frame(folder: Path, seconds: int | None, repetitions: int) -> Section:
    """480p H.264, every frame."""
    bench = opened("wide480", folder, seconds)
    images = measured_frames(bench)
    loops = without_grab(bench.peers("every frame"))
    competitors = [bench.floor(), bench.ceiling(images), bench.ours("every frame"), *loops]
    runs = interleaved(competitors, repetitions=repetitions)
    ours, loop = runs["ghoststream, every frame"], runs[f"{LOOP}, every frame"]
    parts = [_median(runs[FLOOR]), _median(runs[CEILING])]
    bound = None if None in parts else sum(part for part in parts if part is not None)
    targets = [
        Target(
            about="--every-frame, 480p: wall / (bare decode + network alone)",
            limit=1.15,
            measured=_ratio(_median(ours), bound),
        ),
        Target(
            about="--every-frame, 480p: x as fast as the OpenCV + timm loop",
            limit=4,
            measured=_ratio(_median(loop), _median(ours)),
            at_least=True,
        ),
    ]
    return Section(text=_text("wide480", bench, runs), targets=targets)


def other_codecs(folder: Path, seconds: int | None, repetitions: int) -> Section:
    """HEVC, and H.264 with few keyframes, at two frames a second."""
    texts = []
    for name in ("hevc720", "long1080"):
        bench = opened(name, folder, seconds)
        competitors = [bench.floor(), bench.ours("fps 2"), *bench.peers("fps 2")]
        texts.append(_text(name, bench, interleaved(competitors, repetitions=repetitions)))
    return Section(text="\n\n".join(texts), targets=[])


def start_up(folder: Path, seconds: int | None, repetitions: int) -> Section:
    """What is paid before the first frame."""
    clip = Path(__file__).parents[1] / "sample_videos/coffee.mp4"
    out = ("--out", str(folder / "events"), "--exist-ok")
    competitors = [
        Competitor(name="ghoststream --help", command=(GHOSTSTREAM, "--help")),
        Competitor(
            name="ghoststream run, 5.3 s of 480 x 360",
            command=(GHOSTSTREAM, "run", str(clip), "--weights", "bundled", *out),
        ),
    ]
    runs = interleaved(competitors, repetitions=repetitions)
    helps, run = runs.values()
    targets = [
        Target(about="--help: seconds", limit=0.3, measured=_median(helps)),
        Target(about="run on a 5 s clip: seconds", limit=2, measured=_median(run)),
    ]
    rows = [[each.competitor.name, *_usage(each)] for each in runs.values()]
    text = table(HEADER[:4], rows)
    return Section(text=f"## start-up, with warm caches\n\n{text}", targets=targets)


SECTIONS: dict[str, Callable[[Path, int | None, int], Section]] = {
    "sampled": sampled,
    "every_frame": every_frame,
    "other_codecs": other_codecs,
    "start_up": start_up,
}


def opened(name: str, folder: Path, seconds: int | None) -> Bench:
    """An input, or the start of it."""
    video, whole = ensure(name), CLIPS[name].seconds
    if seconds is None or seconds >= whole:
        return Bench(video=video, seconds=whole, folder=folder)
    excerpt = write_excerpt(video, folder, seconds=seconds)
    with open_file(excerpt) as opened_excerpt:
        duration = opened_excerpt.info.duration
    assert duration is not None
    return Bench(video=excerpt, seconds=float(duration), folder=folder)


def without_grab(peers: list[Competitor]) -> list[Competitor]:
    """It saves nothing where every frame is wanted."""
    return [peer for peer in peers if "grab" not in peer.name]


def measured_frames(bench: Bench) -> int:
    """How many frames the reference sees."""
    with np.load(bench.reference("every frame")) as arrays:
        return len(arrays["seconds"])


def _text(name: str, bench: Bench, runs: dict[str, Runs]) -> str:
    clip = CLIPS[name]
    about = f"{clip.width} x {clip.height}, {clip.codec}, {bench.seconds:g} s"
    rows = [_row(each, bench, runs) for each in runs.values()]
    return f"## {name}: {about}\n\n{table(HEADER, rows)}"


def _row(each: Runs, bench: Bench, runs: dict[str, Runs]) -> list[str]:
    name = each.competitor.name
    if each.problem is not None:
        return [name, each.problem, *[""] * (len(HEADER) - 2)]
    sampling = name.rpartition(", ")[2]
    loop = runs.get(f"{LOOP}, {sampling}")
    return [
        name,
        *_usage(each),
        f"{_realtime(each, bench.seconds):.1f}",
        _shown(_ratio(_median(each), _median(runs[FLOOR]))),
        _shown(_ratio(_median(each), loop and _median(loop))),
        *_agreed(each, bench, sampling),
    ]


def _usage(each: Runs) -> list[str]:
    if each.problem is not None:
        return [each.problem, "", ""]
    wall = each.wall
    return [
        f"{wall.median:.2f} ({wall.lowest:.2f} - {wall.highest:.2f})",
        f"{each.cpu.median:.2f}",
        f"{each.peak_megabytes:.0f}",
    ]


def _agreed(each: Runs, bench: Bench, sampling: str) -> list[str]:
    if each.competitor.result is None:
        return [_images(each), "-", "-"]
    count, agreed = file_agreement(each.competitor.result, bench.reference(sampling))
    frames = str(count)
    if agreed.strangers or agreed.missed:
        frames += f" ({agreed.strangers} others, {agreed.missed} missed)"
    return [frames, f"{agreed.mean_cosine:.5f}", f"{agreed.lowest_cosine:.5f}"]


def _images(each: Runs) -> str:
    is_network = each.competitor.clock == "inside"
    return str(json.loads(each.usages[0].output)["images"]) if is_network else "-"


def _at_most(about: str, limit: float, ours: Runs, theirs: Runs) -> Target:
    return Target(about=about, limit=limit, measured=_ratio(_median(ours), _median(theirs)))


def _realtime(each: Runs, seconds: float) -> float | None:
    return _ratio(seconds, _median(each))


def _median(each: Runs) -> float | None:
    return None if each.problem is not None else each.wall.median


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours / theirs


def _shown(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _named(name: str, sampling: str) -> str:
    return f"{name}, {sampling}"


if __name__ == "__main__":
    main()
