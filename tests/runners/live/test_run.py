"""A whole run in this process: cameras, one network, outputs; only its cameras are elsewhere."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from clips import quadrants, write_clip
from http_camera import Connection, HttpCamera, Part
from live_command import whole_lines
from mqtt_broker import free_port
from numpy.typing import NDArray

from ghoststream.config import RunConfig, make_config
from ghoststream.models.openvino_runtime import OpenVinoRuntime
from ghoststream.runners.jobs import Result
from ghoststream.runners.live.monitoring import health
from ghoststream.runners.live.reload import ReloadedCameras
from ghoststream.runners.live.run import run_cameras
from ghoststream.sinks.live import LiveWatcher

Line = dict[str, Any]

EAGER = {
    "weights": "bundled", "fps": 10, "window": 0.4, "hop": 0.2, "enter": 0.08,
    "leave": 0.05, "gap": 60,
}  # fmt: skip
ENDLESS = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)


class Watched(LiveWatcher):
    """A run in a thread of its own."""

    def __init__(self, folder: Path, settings: dict[str, object]) -> None:
        self.log, self.notices = folder / "log.jsonl", list[str]()
        self.result: Result | None = None
        self.error: Exception | None = None
        self._config = make_config(RunConfig, {**EAGER, "jsonl": str(self.log), **settings})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def lines(self, record: str, **wanted: object) -> list[Line]:
        lines = [line for line in whole_lines(self.log) if line["record"] == record]
        return [line for line in lines if wanted.items() <= line.items()]

    def until(self, is_so: Callable[[], object], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self._thread.is_alive() or is_so(), f"it has ended: {self.error}"
            assert time.monotonic() < deadline, f"it did not come: {self.notices}"
            time.sleep(0.02)

    def wait(self, seconds: float = 20) -> Result:
        """What came of it, where it ends by itself."""
        self._thread.join(seconds)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result

    def stop(self) -> Result:
        self._stop.set()
        return self.wait()

    def metric(self, port: int, name: str) -> float:
        lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
        return next(float(x.split()[-1]) for x in lines if x.startswith(f"ghoststream_{name}"))

    def notice(self, line: str) -> None:
        self.notices.append(line)

    def _run(self) -> None:
        try:
            cameras = ReloadedCameras(self._config)
            self.result = run_cameras(self._config, cameras=cameras, stop=self._stop, watcher=self)
        except Exception as error:  # noqa: BLE001 - the test's thread raises it
            self.error = error


Watch = Callable[..., Watched]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Begins runs, and ends them with the test."""
    runs: list[Watched] = []

    def begin(*source: object, **settings: object) -> Watched:
        runs.append(Watched(tmp_path, {"source": [str(each) for each in source], **settings}))
        return runs[-1]

    yield begin
    for run in runs:
        run._stop.set()
        run._thread.join(10)


def test_a_camera_that_does_not_answer_does_not_touch_the_other(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.5)
    port, dead = free_port(), f"http://127.0.0.1:{free_port()}/live"
    with HttpCamera(ENDLESS) as camera:
        run = watch(dead, camera.url, metrics_port=port, log_clips=True)
        run.until(lambda: run.lines("event", type="new"))
        run.until(lambda: len(run.lines("clip")) > 5)
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
        result = run.stop()
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    states = {name: facts["state"] for name, facts in answer.json()["cameras"].items()}
    assert states == {dead: "reconnecting", camera.url: "running"}
    starts = [line["start"] for line in run.lines("clip")]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([0.2] * len(gaps), abs=0.05)
    assert {line["source"] for line in run.lines("header")} == {camera.url}
    assert len(run.lines("status", source=dead, state="reconnecting")) >= 1
    assert [o.summary.reason for o in result.outcomes] == ["interrupted"] * 2


def test_each_region_has_headers_events_and_ids_of_its_own(watch: Watch, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=30, rate=25, picture=quadrants)
    regions = {"left": (0, 0, 0.5, 1), "right": (0.5, 0, 0.5, 1)}
    run = watch(clip, realtime=True, roi=regions)
    (outcome,) = run.wait().outcomes
    assert [line["region"] for line in run.lines("header")] == ["left", "right"]
    begun, ended = (
        {(line["after"]["region"], line["after"]["id"]) for line in run.lines("event", type=type)}
        for type in ("new", "end")
    )
    assert begun == ended
    assert {region for region, _ in begun} == {"left", "right"}
    assert len({id for _, id in begun}) == len(begun) == outcome.summary.events


@pytest.fixture
def slow_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes 0.05 seconds a picture, and so as many as one camera alone gives."""
    embed = OpenVinoRuntime.embed

    def slowly(self: OpenVinoRuntime, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        time.sleep(0.05 * len(batch))
        return embed(self, batch)

    monkeypatch.setattr(OpenVinoRuntime, "embed", slowly)


@pytest.mark.slow
@pytest.mark.usefixtures("slow_network")
@pytest.mark.parametrize("policy", ["latest", "oldest"])
def test_a_network_that_is_too_slow_looks_at_fewer_frames(watch: Watch, policy: str) -> None:
    lags, depths, port = [], [], free_port()
    with HttpCamera(ENDLESS) as one, HttpCamera(ENDLESS) as other:
        run = watch(
            one.url, other.url, fps=20, drop_policy=policy, log_clips=True, metrics_port=port
        )
        for _ in range(10):
            seen = len(run.lines("clip"))
            run.until(lambda n=seen: len(run.lines("clip")) > n)
            lags.append(time.time() - run.lines("clip")[-1]["end"])
            depths += [run.metric(port, f'queue_depth{{camera="{c.url}"}}') for c in (one, other)]
            time.sleep(0.5)
        began = time.monotonic()
        result = run.stop()
    assert time.monotonic() - began < 5
    assert max(depths) <= 112  # 16 MiB of 224 x 224 x 3
    if policy == "latest":
        assert max(lags[1:]) < 5
    assert len(run.lines("end")) == 2
    for outcome in result.outcomes:
        assert outcome.summary.overrun is not None
        assert outcome.summary.overrun > 10
        assert outcome.summary.sampled > 10
        assert outcome.summary.overrun + outcome.summary.sampled <= outcome.summary.frames


def put_a_file_in_place_of(directory: Path) -> None:
    """Also where somebody writes in it meanwhile, and makes it anew."""
    while not directory.is_file():
        shutil.rmtree(directory, ignore_errors=True)
        with suppress(IsADirectoryError):
            directory.write_text("a file where a directory has to be")


@pytest.mark.slow
def test_evidence_that_cannot_be_kept_is_told_and_ends_nothing(
    watch: Watch, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=40, rate=25, picture=quadrants)
    evidence = tmp_path / "evidence"
    camera = {"name": "gate", "source": str(clip)}
    run = watch(
        cameras=[camera], realtime=True, loop=True, evidence=evidence, pre_roll=0, post_roll=0
    )
    run.until(lambda: run.lines("evidence", kind="clip"))
    put_a_file_in_place_of(evidence / "gate")
    run.until(lambda: any("files of evidence lost so far" in line for line in run.notices))
    seen = len(run.lines("event", type="new"))
    run.until(lambda: len(run.lines("event", type="new")) > seen + 3)
    (evidence / "gate").unlink()
    seen = len(run.lines("evidence"))
    run.until(lambda: len(run.lines("evidence")) > seen)
    assert sum("lost so far" in line for line in run.notices) == 1
    assert [o.summary.reason for o in run.stop().outcomes] == ["interrupted"]


@pytest.mark.slow
def test_a_camera_that_was_given_up_stays_in_sight(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0)
    port, dead = free_port(), f"http://127.0.0.1:{free_port()}/live"
    with HttpCamera(ENDLESS) as camera:
        run = watch(dead, camera.url, metrics_port=port, max_retries=0)
        run.until(lambda: run.lines("status", source=dead, state="ended"))
        run.until(lambda: run.lines("status", source=camera.url, state="running"))
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz").json()
        run.stop()
    states = {name: facts["state"] for name, facts in answer["cameras"].items()}
    assert (answer["status"], states) == ("degraded", {dead: "ended", camera.url: "running"})


@pytest.mark.slow
def test_a_camera_taken_off_the_list_does_not_count_as_interrupted(
    watch: Watch, tmp_path: Path
) -> None:
    first = write_clip(tmp_path / "first.mp4", frames=250, rate=25, picture=quadrants)
    second = write_clip(tmp_path / "second.mp4", frames=100, rate=25, picture=quadrants)
    names = tmp_path / "names.txt"
    names.write_text(f"{first}\n{second}\n")
    run = watch(names, realtime=True)
    run.until(lambda: run.lines("status", source=str(first), state="running"))
    names.write_text(f"{second}\n")
    outcomes = {o.source: o.summary.reason for o in run.wait().outcomes}
    assert outcomes == {str(first): "completed", str(second): "completed"}
    assert [line["reason"] for line in run.lines("end", source=str(first))] == ["interrupted"]


@pytest.mark.slow
def test_an_event_that_begins_as_the_camera_is_lost_has_its_evidence(
    watch: Watch, tmp_path: Path
) -> None:
    short = Connection(parts=(Part(frames=30, pace=2),), then="break")
    with HttpCamera(short) as camera:
        run = watch(camera.url, window=30, evidence=str(tmp_path / "evidence"), retry_initial=5)
        run.until(lambda: run.lines("event", type="end"))
        events = {line["after"]["id"] for line in run.lines("event", type="new")}
        kinds = [(event, kind) for event in events for kind in ("clip", "thumbnail")]
        run.until(lambda: len(run.lines("evidence")) == len(kinds))
        run.stop()
    kept = sorted((line["event"], line["kind"]) for line in run.lines("evidence"))
    assert kept == sorted(kinds)
    assert all(Path(line["path"]).is_file() for line in run.lines("evidence"))
    assert not [line for line in run.notices if "missing" in line]


@pytest.mark.slow
def test_a_file_that_ends_gives_its_last_events_their_evidence(
    watch: Watch, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=20, rate=25, picture=quadrants)
    run = watch(clip, realtime=True, window=30, evidence=str(tmp_path / "evidence"))
    run.wait()
    events = {line["after"]["id"] for line in run.lines("event", type="new")}
    assert events
    assert {line["event"] for line in run.lines("evidence", kind="clip")} == events
    assert run.lines("end")[-1]["reason"] == "completed"
    assert not [line for line in run.notices if "missing" in line]
