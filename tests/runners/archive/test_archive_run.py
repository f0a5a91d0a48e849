"""Archives into stores: what is done, what is left alone, and what cannot stop it."""

import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from archives import logs_of, moving, rows_of
from clips import write_clip

from ghoststream.archive.store import open_store
from ghoststream.config import ArchiveConfig, make_config
from ghoststream.errors import ConfigError, OutputError, SourceNotFound, StoreBusy, StoreError
from ghoststream.runners.archive import run as archive_module
from ghoststream.runners.archive.analysis import Order, make_analysis
from ghoststream.runners.archive.run import plan_archive, run_archive
from ghoststream.runners.archive.summary import ArchiveSummary, ArchiveWatcher
from ghoststream.runners.crew import Send, Work
from ghoststream.types import Summary


class Diary(ArchiveWatcher):
    """Writes everything down."""

    def __init__(self, on_done: Callable[[], None] = lambda: None) -> None:
        self.begun: list[str] = []
        self.finished: list[str] = []
        self.recalled: list[str] = []
        self.errors: dict[str, str] = {}
        self.notices: list[str] = []
        self.expected: list[tuple[int, int, int]] = []
        self._on_done = on_done

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        self.expected.append((files, already_done, failed_before))

    def notice(self, line: str) -> None:
        self.notices.append(line)

    def begin(self, path: Path) -> None:
        self.begun.append(str(path))

    def done(
        self, path: Path, *, size_bytes: int, summary: Summary, seconds_of_video: float
    ) -> None:
        self.finished.append(str(path))
        self._on_done()

    def moved(self, path: Path, *, size_bytes: int) -> None:
        self.recalled.append(str(path))

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None:
        self.errors[str(path)] = error


class Place:
    """An archive, and where what is found in it goes."""

    def __init__(self, folder: Path) -> None:
        self.archive, self.store, self.out = folder / "videos", folder / "store", folder / "labels"
        self.archive.mkdir()

    def clip(self, name: str, seed: int = 0, frames: int = 25) -> Path:
        path = self.archive / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_clip(path, frames=frames, rate=Fraction(25), picture=moving(seed))

    def config(self, **settings: object) -> ArchiveConfig:
        own = {"source": str(self.archive), "store": str(self.store), "out": self.out}
        return make_config(ArchiveConfig, {**own, "weights": "bundled", "workers": 1, **settings})

    def run(self, diary: Diary | None = None, **settings: Any) -> ArchiveSummary:
        make_work = settings.pop("make_work", make_analysis)
        return run_archive(
            self.config(**settings),
            stop=threading.Event(),
            watcher=diary or Diary(),
            make_work=make_work,
        )

    def logs(self) -> list[str]:
        return sorted(logs_of(self.out))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_all_is_found_once_and_then_left_alone(place: Place) -> None:
    place.clip("a/1.mp4", seed=1)
    place.clip("b/1.mp4", seed=2)
    summary = place.run()
    assert (summary.run.done, summary.run.frames, summary.run.sampled) == (2, 50, 8)
    assert place.logs() == ["a/1.mp4.jsonl", "b/1.mp4.jsonl"]
    rows, logs = rows_of(place.store), logs_of(place.out)
    assert [(v["source"], v["status"], v["sampled"]) for v in rows["videos"]] == [
        ("a/1.mp4", "done", 4), ("b/1.mp4", "done", 4),
    ]  # fmt: skip
    assert len(rows["frames"]) == 8
    assert len({row["video"] for row in rows["clips"]}) == 2

    diary = Diary()
    again = place.run(diary)
    assert (diary.expected, diary.begun) == ([(0, 2, 0)], [])
    assert (again.run.done, again.already_done, again.archive.done) == (0, 2, 2)
    assert rows_of(place.store) == rows
    assert logs_of(place.out) == logs


def test_times_and_vectors_are_those_of_the_pipeline(place: Place) -> None:
    import ghoststream

    path = place.clip("a.mp4")
    place.run()
    expected = list(ghoststream.embed(path, weights="bundled"))
    rows = rows_of(place.store)["frames"]
    assert [row["seconds"] for row in rows] == [float(e.span.start) for e in expected]
    assert [row["frame"] for row in rows] == [0, 1, 2, 3]
    for row, embedding in zip(rows, expected, strict=True):
        assert Fraction(row["time_base"]) * row["pts"] == embedding.span.start
        assert row["vector"] == embedding.vector.astype("float16").tolist()


def test_the_log_is_that_of_a_run_over_the_file(place: Place, tmp_path: Path) -> None:
    from ghoststream.config import RunConfig
    from ghoststream.runners.jobs import run_events

    path = place.clip("a.mp4")
    place.run(enter=0.01, leave=0.005)
    alone = tmp_path / "alone.jsonl"
    settings = {"source": str(path), "jsonl": str(alone), "enter": 0.01, "leave": 0.005}
    config = make_config(RunConfig, {**settings, "weights": "bundled"})
    run_events(config, stop=threading.Event(), watcher=_Silent())
    logged = _lines(place.out / "a.mp4.jsonl", str(path), "a.mp4")
    assert logged == _lines(alone, str(path), "a.mp4")


class _Silent:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def _lines(path: Path, name: str, source: str) -> list[dict[str, Any]]:
    """Without what names the source, and settings that a file has no use for."""
    records = [json.loads(line) for line in path.read_text().replace(name, source).splitlines()]
    for record in records:
        for name in ("configuration", "configuration_sha256"):
            record.pop(name, None)
        for state in (record.get("before"), record.get("after")):
            if state is not None:
                del state["id"]
    return records


@pytest.mark.slow
def test_what_has_changed_is_done_anew(place: Place) -> None:
    place.clip("a.mp4", seed=1)
    place.clip("b.mp4", seed=2)
    place.run()
    before = rows_of(place.store)
    place.clip("b.mp4", seed=3, frames=50)
    diary = Diary()
    place.run(diary)
    assert (diary.finished, diary.expected) == (["b.mp4"], [(1, 1, 0)])
    after = rows_of(place.store)
    assert [video["sampled"] for video in after["videos"]] == [4, 8]
    gone = before["videos"][1]["video"]
    assert gone not in {row["video"] for table in after.values() for row in table}
    assert len(after["frames"]) == 12


@pytest.mark.slow
def test_content_counts_and_not_the_name(place: Place) -> None:
    first = place.clip("a.mp4", seed=1)
    second = place.clip("b.mp4", seed=2)
    place.clip("c.mp4", seed=3)
    place.run()
    shutil.copy(first, place.archive / "copy.mp4")
    (place.archive / "night").mkdir()
    second.rename(place.archive / "night" / "1.mp4")
    os.utime(place.archive / "c.mp4", ns=(1, 1))
    diary = Diary()
    summary = place.run(diary)
    assert diary.finished == []
    assert sorted(diary.recalled) == ["c.mp4", "copy.mp4", "night/1.mp4"]
    assert summary.moved == 3

    fresh = replace_place(place, "fresh")
    fresh.run()
    assert rows_of(place.store) == rows_of(fresh.store)
    assert logs_of(place.out) == logs_of(fresh.out)


def replace_place(place: Place, name: str) -> Place:
    other = object.__new__(Place)
    other.archive = place.archive
    other.store, other.out = place.store.parent / name, place.out.parent / f"{name}-labels"
    return other


def test_a_bad_file_stops_nothing_and_is_tried_again_on_demand(place: Place) -> None:
    place.clip("a.mp4")
    bad = place.archive / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    summary = place.run()
    assert (summary.run.done, summary.run.failed) == (1, 1)
    (failure,) = summary.failures
    assert failure.path == "bad.mp4"
    assert failure.error.startswith("bad.mp4: no video can be found in it")
    (row,) = open_store(place.store).videos("status = 'failed'").to_pylist()
    assert (row["error"], row["error_code"]) == (failure.error, "SOURCE_NOT_A_VIDEO")
    (line,) = (place.out / "bad.mp4.jsonl").read_text().splitlines()
    assert json.loads(line)["error"] == failure.error

    diary = Diary()
    assert place.run(diary).archive.failed == 1
    assert (diary.begun, diary.expected) == ([], [(0, 1, 1)])
    rows = rows_of(place.store)
    place.run(diary, retry_failed=True)
    assert diary.begun == ["bad.mp4"]
    assert rows_of(place.store) == rows


def make_dangerous(config: ArchiveConfig, threads: int) -> Work[Order]:
    """Some files take the process with them, some never end, and some are written to meanwhile."""
    work = make_analysis(config, threads)

    def dangerous(order: Order, send: Send, stop: threading.Event) -> None:
        if "crash" in order.source:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in order.source:
            time.sleep(60)
        if "growing" in order.source:
            with order.file.path.open("ab") as file:
                file.write(b"more")
        if "gone" in order.source:
            order.file.path.unlink()
        work(order, send, stop)

    return dangerous


def test_crashes_and_hangs_cost_their_own_file_only(place: Place) -> None:
    for seed, name in enumerate(["crash", "hang", "a", "growing", "gone"]):
        place.clip(f"{name}.mp4", seed)
    summary = place.run(make_work=make_dangerous, file_timeout=1)
    errors = {failure.path: failure.error for failure in summary.failures}
    assert "ended by SIGSEGV" in errors.pop("crash.mp4")
    assert "nothing more came of it for too long" in errors.pop("hang.mp4")
    assert errors.pop("growing.mp4").endswith("changed while it was read; run again once it rests")
    assert "gone since the archive was looked through" in errors.pop("gone.mp4")
    assert errors == {}
    codes = {video["source"]: video["error_code"] for video in rows_of(place.store)["videos"]}
    # What was another file at the end is not remembered, so that the next run takes it up.
    assert codes == {"crash.mp4": "DECODER_CRASHED", "hang.mp4": "DECODER_HUNG", "a.mp4": None}
    assert place.logs() == ["a.mp4.jsonl", "crash.mp4.jsonl", "hang.mp4.jsonl"]

    diary = Diary()
    place.run(diary, retry_failed=True)
    assert sorted(diary.finished) == ["crash.mp4", "growing.mp4", "hang.mp4"]
    assert [video["status"] for video in rows_of(place.store)["videos"]] == ["done"] * 4


@pytest.mark.slow
def test_a_stop_keeps_what_is_finished(place: Place) -> None:
    for seed in range(4):
        place.clip(f"{seed}.mp4", seed)
    stop = threading.Event()
    diary = Diary(on_done=stop.set)
    summary = run_archive(place.config(), stop=stop, watcher=diary)
    assert summary.reason == "interrupted"
    assert 1 <= len(diary.finished) < 4
    done = [video["source"] for video in rows_of(place.store)["videos"]]
    assert sorted(done) == sorted(diary.finished)
    assert [name.removesuffix(".jsonl") for name in place.logs()] == sorted(done)
    again = Diary()
    assert place.run(again).reason == "completed"
    assert sorted([*done, *again.finished]) == ["0.mp4", "1.mp4", "2.mp4", "3.mp4"]


@pytest.mark.slow
def test_missing_logs_are_made_again_of_the_store(place: Place) -> None:
    place.clip("a.mp4", seed=1)
    (place.archive / "empty.mp4").touch()
    place.run(enter=0.01, leave=0.005)
    logs = logs_of(place.out)
    assert b'"record":"event"' in logs["a.mp4.jsonl"]
    shutil.rmtree(place.out)
    diary = Diary()
    place.run(diary, enter=0.01, leave=0.005)
    assert diary.begun == []
    assert logs_of(place.out) == logs


@pytest.mark.slow
def test_a_plan_writes_nothing(place: Place) -> None:
    place.clip("a.mp4", seed=1)
    plan = plan_archive(place.config())
    assert [str(file.relative) for file in plan.triage.new] == ["a.mp4"]
    assert sorted(path.name for path in place.archive.parent.iterdir()) == ["videos"]
    place.run()
    place.clip("b.mp4", seed=2)
    place.clip("a.mp4", seed=3, frames=30)
    plan = plan_archive(place.config())
    assert [str(file.relative) for file in plan.triage.changed] == ["a.mp4"]
    assert [str(file.relative) for file in plan.triage.due] == ["a.mp4", "b.mp4"]
    with pytest.raises(StoreError, match="fps 4 instead of 1"):
        plan_archive(place.config(fps=1))


def test_two_runs_do_not_meet(place: Place) -> None:
    place.clip("a.mp4")
    refused: list[Exception] = []

    def run_beside() -> None:
        for own in ({"out": place.out.parent / "other"}, {"store": f"{place.store}2"}):
            with pytest.raises((StoreBusy, OutputError)) as caught:
                run_archive(place.config(**own), stop=threading.Event(), watcher=Diary())
            refused.append(caught.value)

    place.run(Diary(on_done=run_beside))
    assert [str(error).split(";")[0] for error in refused] == [
        f"another process writes to {place.store}",
        f"cannot write {place.out}: another process writes there",
    ]
    assert len(rows_of(place.store)["videos"]) == 1


def test_logs_of_two_archives_are_not_mixed(place: Place, tmp_path: Path) -> None:
    place.clip("a.mp4")
    place.run()
    other = tmp_path / "others"
    other.mkdir()
    write_clip(other / "a.mp4")
    with pytest.raises(ConfigError, match=r"holds the logs of .*videos.*choose another --out"):
        place.run(source=str(other))


def test_settings_that_change_results_need_another_store(place: Place) -> None:
    place.clip("a.mp4")
    place.run()
    with pytest.raises(StoreError, match=r"window 2 instead of 3; vectors made in different ways"):
        place.run(window=3)


@pytest.mark.slow
def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        place.clip(f"{seed}.mp4", seed)
    with monkeypatch.context() as patch:
        patch.setattr(archive_module, "COMMIT_SECONDS", -1.0)
        patch.setattr("lancedb.table.LanceTable.add", _full_after(8))
        with pytest.raises(OutputError, match="the disk is full; free some space and run again"):
            place.run()
    done = [video["source"] for video in rows_of(place.store)["videos"]]
    assert 1 <= len(done) < 3
    place.run()
    fresh = replace_place(place, "fresh")
    fresh.run()
    assert rows_of(place.store) == rows_of(fresh.store)
    assert logs_of(place.out) == logs_of(fresh.out)


def _full_after(calls: int) -> Callable[..., Any]:
    from lancedb.table import LanceTable

    add, left = LanceTable.add, iter(range(calls))

    def patched(self: Any, *arguments: Any, **options: Any) -> Any:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return add(self, *arguments, **options)

    return patched


@pytest.mark.slow
def test_a_growing_archive_is_followed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(archive_module, "LOOK_SECONDS", 0.1)
    stop, coming = threading.Event(), iter(["b.mp4", "c.mp4"])
    place.clip("a.mp4", seed=1)

    def add_another() -> None:
        name = next(coming, None)
        if name is None:
            stop.set()
        else:
            place.clip(name, seed=ord(name[0]))

    diary = Diary(on_done=add_another)
    summary = run_archive(place.config(watch=True), stop=stop, watcher=diary)
    assert diary.finished == ["a.mp4", "b.mp4", "c.mp4"]
    assert summary.archive.done == 3


def test_addresses_are_no_archive_and_stay_secret(place: Place) -> None:
    with pytest.raises(ConfigError, match="made of files") as caught:
        place.run(source="rtsp://user:secret@127.0.0.1/a")
    assert "secret" not in str(caught.value)
    with pytest.raises(SourceNotFound, match="nowhere"):
        place.run(source=str(place.archive / "nowhere"))
    assert [path.name for path in place.archive.parent.iterdir()] == ["videos"]


def test_a_list_names_the_files_of_an_archive(place: Place) -> None:
    place.clip("a.mp4", seed=1)
    place.clip("sub/b.mp4", seed=2)
    place.clip("c.mp4", seed=3)
    names = place.archive / "night.txt"
    names.write_text("a.mp4\nsub/b.mp4\n")
    diary = Diary()
    place.run(diary, source=str(names))
    assert sorted(diary.finished) == ["a.mp4", "sub/b.mp4"]
    assert place.logs() == ["a.mp4.jsonl", "sub/b.mp4.jsonl"]
