"""A cluster does what the processes here do, and loses nothing but time with a machine."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from archives import logs_of, moving, rows_of, write_archive
from clips import write_clip
from crews import (
    RAY_ENVIRONMENT,
    Messages,
    all_messages,
    in_parts,
    make_work,
    of,
    refuse,
    without_files,
)

from ghoststream.config import ArchiveConfig, make_config
from ghoststream.errors import ConfigError
from ghoststream.runners.archive.analysis import make_analysis
from ghoststream.runners.archive.run import MakeAnalysis, run_archive
from ghoststream.runners.archive.summary import ArchiveSummary
from ghoststream.runners.crew import Again, Done, Lost

ray = pytest.importorskip("ray")

from ray.cluster_utils import Cluster  # noqa: E402

from ghoststream.runners import ray_runner  # noqa: E402
from ghoststream.runners.ray_runner import RayCrew  # noqa: E402

# Ray 2.x leaves files and sockets of a cluster that it has started to the garbage collector.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NODE = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that does no work, and two machines that do, each with one core."""
    for name, value in RAY_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    # Not in `tmp_path`, which is too long for the names of sockets.
    with TemporaryDirectory(prefix="ray-") as folder:
        head = {**NODE, "num_cpus": 0, "temp_dir": folder}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(**NODE)
        made.add_node(**NODE)
        yield made
        made.shutdown()


class Quiet:
    """Looks on, and says nothing; `on_done` is told how many files are done."""

    def __init__(self, on_done: Callable[[int], None] = lambda done: None) -> None:
        self.files_done = 0
        self._on_done = on_done

    def expect(self, **counts: int) -> None: ...

    def notice(self, line: str) -> None: ...

    def begin(self, path: Path) -> None: ...

    def progress(self, path: Path, *, frames: int, seconds: float) -> None: ...

    def done(self, path: Path, **facts: object) -> None:
        self.files_done += 1
        self._on_done(self.files_done)

    def moved(self, path: Path, *, size_bytes: int) -> None: ...

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None: ...


def run(
    archive: Path,
    place: Path,
    watcher: Quiet | None = None,
    make_work: MakeAnalysis = make_analysis,
    **settings: Any,
) -> Any:
    config = make_config(
        ArchiveConfig,
        {
            "source": (str(archive),),
            "weights": "bundled",
            "store": str(place / "store"),
            "out": place / "labels",
            **settings,
        },
    )
    return run_archive(
        config, stop=threading.Event(), watcher=watcher or Quiet(), make_work=make_work
    )


def test_a_machine_that_is_lost_costs_time_and_nothing_else(cluster: Any) -> None:
    machines = list(cluster.worker_nodes)
    with closing(RayCrew(make_work, address=cluster.address)) as crew:
        crew.give(0, "slow")
        crew.give(1, "slow")
        messages: Messages = []
        while len([m for m in messages if m[1] == "begin slow"]) < 2:
            messages += crew.messages()
        cluster.remove_node(machines[0], allow_graceful=False)
        messages += all_messages(crew)
    assert [message for _, message in messages].count(Again()) == 1
    for index in (0, 1):
        heard = of(index, messages)
        whole = heard[heard.index(Again()) + 1 :] if Again() in heard else heard
        assert whole == ["begin slow", *["alive"] * 10, "end slow", Done()]


def test_a_task_whose_machine_is_lost_each_time_is_lost(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_runner, "MAX_RETRIES", 1)
    with closing(RayCrew(make_work, address=cluster.address, workers=1)) as crew:
        crew.give(0, "hang")
        messages: Messages = []
        for times in (1, 2):
            while of(0, messages).count("begin hang") < times:
                messages += crew.messages()
            ray.kill(crew._workers[0].actor)
        messages += all_messages(crew)
    assert of(0, messages) == [
        "begin hang", Again(), "begin hang", Lost("with its machine, 2 times"),
    ]  # fmt: skip


def test_two_machines_give_what_one_process_gives(cluster: Any, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", files=12)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    local = run(archive, tmp_path / "local", workers=1)
    on_ray = run(archive, tmp_path / "ray", engine="ray", address=cluster.address)
    assert signal.getsignal(signal.SIGTERM) == on_sigterm
    assert on_ray.run == local.run
    assert sorted(f.error for f in on_ray.failures) == sorted(f.error for f in local.failures)
    assert rows_of(tmp_path / "ray" / "store") == rows_of(tmp_path / "local" / "store")
    assert logs_of(tmp_path / "ray" / "labels") == logs_of(tmp_path / "local" / "labels")


def test_a_machine_that_is_lost_in_the_middle_leaves_no_trace(cluster: Any, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", files=40, frames=100)
    run(archive, tmp_path / "local", workers=1)
    machine = next(iter(cluster.worker_nodes))

    def kill(files_done: int) -> None:
        if files_done == 10:
            cluster.remove_node(machine, allow_graceful=False)

    summary: ArchiveSummary = run(
        archive, tmp_path / "ray", Quiet(kill), engine="ray", address=cluster.address
    )
    assert summary.run.done == 38
    assert len(cluster.worker_nodes) == 1
    assert rows_of(tmp_path / "ray" / "store") == rows_of(tmp_path / "local" / "store")
    assert logs_of(tmp_path / "ray" / "labels") == logs_of(tmp_path / "local" / "labels")


def test_parts_of_long_videos_on_two_machines_make_up_the_whole(
    cluster: Any, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    for index in range(3):
        clip = tmp_path / "archive" / f"{index}.mkv"
        write_clip(clip, frames=150, picture=moving(index), gop=10)
    settings: dict[str, Any] = {"fps": "12", "batch": 4}
    run(tmp_path / "archive", tmp_path / "local", workers=1, **settings)
    settings |= {"engine": "ray", "address": cluster.address}
    run(tmp_path / "archive", tmp_path / "ray", make_work=in_parts, **settings)
    assert rows_of(tmp_path / "ray" / "store") == rows_of(tmp_path / "local" / "store")
    assert logs_of(tmp_path / "ray" / "labels") == logs_of(tmp_path / "local" / "labels")


def test_a_machine_that_joins_is_put_to_work(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_runner, "COUNT_SECONDS", 0.1)
    cluster.remove_node(next(iter(cluster.worker_nodes)))
    with closing(RayCrew(make_work, address=cluster.address)) as crew:
        for index in range(2):
            crew.give(index, "until stopped")
        messages: Messages = []
        while not messages:
            messages += crew.messages()
        cluster.add_node(**NODE)
        while len(messages) < 2:
            messages += crew.messages()
        crew.stop()
        messages += all_messages(crew)
    assert messages[:2] == [(0, "begin until stopped"), (1, "begin until stopped")]


def test_a_file_that_a_machine_does_not_see_is_told_with_the_machine(
    cluster: Any, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    write_clip(tmp_path / "archive" / "a.mkv")
    config = make_config(
        ArchiveConfig,
        {
            "source": (str(tmp_path / "archive"),), "weights": "bundled",
            "store": str(tmp_path / "store"), "engine": "ray", "address": cluster.address,
        },
    )  # fmt: skip
    summary = run_archive(config, stop=threading.Event(), watcher=Quiet(), make_work=without_files)
    machine = ray_runner.socket.gethostname()
    assert [failure.error for failure in summary.failures] == [
        f"a.mkv: it has gone since the archive was looked through (as seen from {machine})"
    ]


def test_another_version_on_a_machine_is_refused(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_runner, "__version__", "0.0.1")
    with closing(RayCrew(make_work, address=cluster.address)) as crew:
        crew.give(0, "a")
        with pytest.raises(ConfigError, match=r"has ghoststream 0\.1\.0 and not 0\.0\.1; install"):
            all_messages(crew)


def test_a_machine_that_cannot_do_the_work_is_told(cluster: Any) -> None:
    with closing(RayCrew(make_work, address=cluster.address, check=refuse)) as crew:
        crew.give(0, "a")
        with pytest.raises(ConfigError, match=r"^node .* cannot begin: its weights are others$"):
            all_messages(crew)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:9", r"^no Ray cluster answers at 127\.0\.0\.1:9 .*; start one with"),
        ("ray://head:10001", r"^ray://head:10001 is no address of a cluster; run this on one of"),
        ("head", r"^head is no address of a Ray cluster; it is as 10\.0\.0\.1:6379$"),
    ],
)
def test_an_address_without_a_cluster_is_told(address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RayCrew(make_work, address=address)
