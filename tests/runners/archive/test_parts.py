"""A long video that is analysed in parts gives what it gives as a whole, byte for byte."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from archives import logs_of, moving, rows_of
from clips import damage_packets, write_clip
from crews import in_parts

from ghoststream.config import ArchiveConfig, make_config
from ghoststream.runners.archive import analysis
from ghoststream.runners.archive import run as archive
from ghoststream.runners.archive.analysis import Began, Ended, Order, Split, make_analysis
from ghoststream.runners.archive.run import run_archive
from ghoststream.runners.archive.summary import ArchiveSummary
from ghoststream.runners.crew import Again, Crew
from ghoststream.sources.archive import find_files


class Quiet:
    """Looks on, and says nothing."""

    def expect(self, **counts: int) -> None: ...

    def notice(self, line: str) -> None: ...

    def begin(self, path: Path) -> None: ...

    def progress(self, path: Path, *, frames: int, seconds: float) -> None: ...

    def done(self, path: Path, **facts: object) -> None: ...

    def moved(self, path: Path, *, size_bytes: int) -> None: ...

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None: ...


def long_videos(folder: Path) -> Path:
    """Of several kinds, whole and damaged."""
    folder.mkdir()
    rate = Fraction(25)
    write_clip(folder / "plain.mkv", frames=110, rate=rate, picture=moving(1), gop=10)
    write_clip(folder / "b.mp4", frames=110, rate=rate, picture=moving(2), gop=25, b_frames=2)
    times = [3 * n + n % 3 for n in range(110)]
    write_clip(
        folder / "uneven.mkv", pts=times, time_base=Fraction(1, 60), picture=moving(3), gop=12
    )
    write_clip(folder / "vp9.webm", frames=110, codec="libvpx-vp9", picture=moving(4), gop=10)
    write_clip(folder / "mpeg4.avi", frames=110, codec="mpeg4", picture=moving(5), gop=10)
    write_clip(folder / "broken.mp4", frames=110, rate=rate, picture=moving(6), gop=10)
    damage_packets(folder / "broken.mp4", [77])
    cut = write_clip(folder / "cut.mkv", frames=110, rate=rate, picture=moving(7), gop=10)
    cut.write_bytes(cut.read_bytes()[:-9000])
    return folder


def analysed(videos: Path, place: Path, fps: str | None, *, is_split: bool) -> ArchiveSummary:
    config = make_config(
        ArchiveConfig,
        {
            "source": (str(videos),),
            "weights": "bundled",
            "store": str(place / "store"),
            "out": place / "labels",
            "workers": 2,
            "fps": fps,
            "batch": 4,
            "enter": 0.01,
            "leave": 0.005,
        },
    )
    make_work = in_parts if is_split else make_analysis
    return run_archive(config, stop=threading.Event(), watcher=Quiet(), make_work=make_work)


@pytest.mark.slow
@pytest.mark.parametrize("fps", ["7", None])
def test_parts_make_up_the_whole(tmp_path: Path, fps: str | None) -> None:
    videos = long_videos(tmp_path / "videos")
    whole = analysed(videos, tmp_path / "whole", fps, is_split=False)
    split = analysed(videos, tmp_path / "split", fps, is_split=True)
    assert (split.run, split.failures) == (whole.run, whole.failures)
    assert rows_of(tmp_path / "split" / "store") == rows_of(tmp_path / "whole" / "store")
    assert logs_of(tmp_path / "split" / "labels") == logs_of(tmp_path / "whole" / "labels")


def test_what_can_be_foretold_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "LONG_SECONDS", 1.0)
    videos = long_videos(tmp_path / "videos")
    config = make_config(ArchiveConfig, {"weights": "bundled", "fps": "7", "batch": 4})
    work = make_analysis(config, 1)
    splits: dict[str, tuple[range, ...]] = {}
    for file in find_files([videos]).files:
        messages: list[object] = []
        work(Order(file=file), messages.append, threading.Event())
        for split in (m for m in messages if isinstance(m, Split)):
            splits[file.path.name] = split.parts
    assert sorted(splits) == [
        "b.mp4",
        "broken.mp4",
        "cut.mkv",
        "plain.mkv",
        "uneven.mkv",
        "vp9.webm",
    ]
    assert splits["plain.mkv"] == (range(8), range(8, 16), range(16, 24), range(24, 31))


class Stutters(Crew[Order]):
    """Tells each task twice from its first word on, and once more behind its last one."""

    def messages(self) -> Iterator[tuple[int, Any]]:
        for index, message in super().messages():
            HEARD[index].append(message)
            yield index, message
            if isinstance(message, Began | Ended):
                yield index, Again()
                yield from ((index, heard) for heard in list(HEARD[index]))


HEARD: dict[int, list[Any]] = defaultdict(list)


@pytest.mark.parametrize("is_split", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_is_told_again_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_split: bool
) -> None:
    (tmp_path / "videos").mkdir()
    write_clip(tmp_path / "videos" / "a.mkv", frames=60, picture=moving(1), gop=10)
    write_clip(tmp_path / "videos" / "b.mkv", frames=60, picture=moving(2), gop=10)
    once = analysed(tmp_path / "videos", tmp_path / "once", "9", is_split=False)
    HEARD.clear()
    monkeypatch.setattr(archive, "Crew", Stutters)
    again = analysed(tmp_path / "videos", tmp_path / "again", "9", is_split=is_split)
    assert again.run == once.run
    assert rows_of(tmp_path / "again" / "store") == rows_of(tmp_path / "once" / "store")
    assert logs_of(tmp_path / "again" / "labels") == logs_of(tmp_path / "once" / "labels")


def test_damage_in_a_part_shows(tmp_path: Path) -> None:
    """All is decoded then, so that nothing counts as skipped."""
    videos = long_videos(tmp_path / "videos")
    work = make_analysis(make_config(ArchiveConfig, {"weights": "bundled", "fps": "7"}), 1)
    order = Order(file=next(f for f in find_files([videos]).files if "broken" in f.path.name))
    ended: list[Ended] = []
    for part in (range(8), range(16, 24)):
        messages: list[object] = []
        work(replace(order, part=part), messages.append, threading.Event())
        ended += [m for m in messages if isinstance(m, Ended)]
    assert [end.summary.skipped > 0 for end in ended] == [True, False]
