"""Real processes: one that hangs or dies costs no other camera anything."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

import captures
import pytest
from captures import spec_of, stand_in

from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import (
    CameraEnded,
    Item,
    KeepClip,
    NotKept,
    Sampled,
    SegmentBegun,
    SegmentEnded,
)
from ghoststream.runners.live.supervision import camera
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.process import launch_capture, start_server
from ghoststream.runners.live.supervision.supervisor import Supervisor
from ghoststream.types import Status

PATIENCE = Patience(
    open_seconds=1, stall_seconds=1, retry_initial_seconds=0.1, retry_max_seconds=0.1
)
LONG_SECONDS = 20
"""Only something that hangs takes so long."""


@pytest.fixture(autouse=True, scope="module")
def _server() -> None:
    """Runs before the first camera; the thread that starts it gets no signals any more."""
    starting = threading.Thread(target=start_server)
    starting.start()
    starting.join()


@pytest.fixture(autouse=True)
def _short_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "MARGIN_SECONDS", 0.1)
    monkeypatch.setattr(camera, "STOP_SECONDS", 0.2)


Told = list[tuple[str, Item]]


class Watched:
    """A supervisor, and all that its cameras have told so far."""

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self.inbox = Inbox("oldest")
        self.told: Told = []
        launch = partial(launch_capture, work=stand_in)
        self.supervisor = Supervisor(self.inbox, patience, launch=launch)

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + LONG_SECONDS
        while not is_so():
            assert time.monotonic() < end, self.told
            self.told += self.inbox.take(16, 0.02)

    def items(self, camera: str, kind: type) -> list[Item]:
        return [item for name, item in self.told if name == camera and isinstance(item, kind)]

    def states(self, camera: str) -> list[str]:
        return [item.state for item in self.items(camera, Status) if isinstance(item, Status)]

    def see(self, camera: str, samples: int = 3) -> None:
        """Waits for so many more samples."""
        before = len(self.items(camera, Sampled))
        self.until(lambda: len(self.items(camera, Sampled)) >= before + samples)


@contextmanager
def watched(patience: Patience = PATIENCE, **cameras: str) -> Iterator[Watched]:
    """Cameras by name, and what their processes do."""
    world = Watched(patience)
    world.supervisor.start()
    try:
        for name, does in cameras.items():
            world.supervisor.add(spec_of(name, does))
        yield world
    finally:
        world.supervisor.close()


@pytest.mark.parametrize(
    ("does", "state"),
    [
        ("hang", "stalled"),
        pytest.param("hang_halfway", "reconnecting", marks=pytest.mark.slow),
        ("crash", "reconnecting"),
        ("fail", "reconnecting"),
        ("rubbish", "reconnecting"),
    ],
)
def test_one_camera_does_not_cost_another_its_samples(does: str, state: str) -> None:
    with watched(good="show", bad=does) as world:
        world.see("good")
        world.until(
            lambda: world.states("bad").count(state) >= (1 if does.startswith("hang") else 2)
        )
        world.see("good")
        assert world.states("good") == ["connecting", "running"]
        assert len(world.items("bad", SegmentBegun)) in (
            len(world.items("bad", SegmentEnded)) + extra for extra in (0, 1)
        )
        assert world.supervisor.counts("good").silent_seconds < 5  # type: ignore[operator]


def test_a_crash_says_how_it_ended() -> None:
    with watched(bad="crash") as world:
        world.until(lambda: "reconnecting" in world.states("bad"))
        causes = [item.cause for item in world.items("bad", Status) if isinstance(item, Status)]
    assert "bad: the process that read it was ended by SIGSEGV." in causes


def test_a_camera_that_is_removed_ends_in_order_and_may_come_back() -> None:
    with watched(a="show", b="show") as world:
        world.see("a")
        with pytest.raises(ValueError, match="'a' already"):
            world.supervisor.add(spec_of("a", "show"))
        world.supervisor.remove("a")
        world.until(lambda: bool(world.items("a", CameraEnded)))
        (ended,) = world.items("a", CameraEnded)
        assert isinstance(ended, CameraEnded)
        assert (ended.summary.reason, ended.summary.frames) == ("interrupted", 5)
        assert world.told[-1] == ("a", ended) or world.told[-1][0] == "b"
        world.supervisor.add(spec_of("a", "show"))
        world.see("a")
        world.see("b")


def test_a_camera_that_does_not_end_is_ended() -> None:
    with watched(Patience(), a="hang") as world:
        world.until(lambda: "running" in world.states("a"))
        world.supervisor.remove("a")
        world.until(lambda: bool(world.items("a", CameraEnded)))
        assert world.states("a") == ["connecting", "running", "ended"]


def test_closing_leaves_no_process_and_no_file_descriptor() -> None:
    with watched(warm="show") as world:
        world.see("warm")
    before = _open_files()
    with watched(a="show", b="hang", c="crash") as world:
        world.see("a")
        world.until(lambda: len(world.items("c", SegmentBegun)) >= 5)
    for process in multiprocessing.active_children():
        process.join(LONG_SECONDS)
    assert multiprocessing.active_children() == []
    assert _open_files() <= before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_evidence_of_a_camera_without_a_process_is_answered() -> None:
    patience = Patience(retry_initial_seconds=60, retry_max_seconds=60)
    with watched(patience, a="fail") as world:
        world.until(lambda: "reconnecting" in world.states("a"))
        keep = KeepClip(event_id="e", since=Fraction(0), path="e", max_seconds=Fraction(60))
        world.supervisor.send("a", keep)
        world.supervisor.send("nobody", keep)
        world.until(lambda: bool(world.items("a", NotKept)))


def test_a_camera_nobody_knows_has_no_vitals() -> None:
    assert Watched().supervisor.counts("nobody").state == "connecting"


PARENT = """
import signal, time
from captures import spec_of, stand_in
from functools import partial
from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import Sampled
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.process import launch_capture
from ghoststream.runners.live.supervision.supervisor import Supervisor

if __name__ == "__main__":
    # Whoever runs tests in the background may have them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    inbox = Inbox("oldest")
    supervisor = Supervisor(inbox, Patience(), launch=partial(launch_capture, work=stand_in))
    supervisor.start()
    for name in ("a", "b"):
        supervisor.add(spec_of(name, "show"))
    seen = set()
    while len(seen) < 2:
        seen |= {name for name, item in inbox.take(9, 1) if isinstance(item, Sampled)}
    print("running", flush=True)
    time.sleep(60)
"""


def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    with _parent(tmp_path) as parent:
        pids = [pid for pid in _descendants(parent.pid) if "forkserver" in _command(pid)]
        assert len(pids) == 3  # the server, and a process for each camera
        parent.kill()
        parent.wait()
        _until(lambda: not any(map(_is_there, pids)), seconds=2)


def test_what_the_terminal_sends_to_all_is_for_the_parent_alone(tmp_path: Path) -> None:
    with _parent(tmp_path) as parent:
        pids = [pid for pid in _descendants(parent.pid) if "forkserver" in _command(pid)]
        for pid in pids:
            os.kill(pid, signal.SIGINT)
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.2)
        assert all(map(_is_there, pids))
        parent.send_signal(signal.SIGINT)
        assert parent.wait(LONG_SECONDS) != 0
        _until(lambda: not any(map(_is_there, pids)), seconds=2)


@contextmanager
def _parent(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that watches two cameras."""
    script = folder / "parent.py"
    script.write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": str(Path(captures.__file__).parent)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == "running\n"
            yield parent
        finally:
            parent.kill()


def _descendants(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return children + [each for child in children for each in _descendants(child)]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _is_there(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
