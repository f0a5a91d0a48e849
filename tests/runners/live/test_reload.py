"""Cameras that come and go by editing files."""

import os
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ghoststream.config import RunConfig, load_config, make_config
from ghoststream.heads import LinearHead, Training, save_head
from ghoststream.pipeline import with_settings_of_head
from ghoststream.runners.live.reload import Change, ReloadedCameras


class Looks:
    """A run's cameras, looked at whenever a test says that a second has passed."""

    def __init__(self, config: RunConfig, **arguments: object) -> None:
        self.now = 0.0
        self.hangup = threading.Event()
        self.cameras = ReloadedCameras(
            config, hangup=self.hangup, clock=lambda: self.now, **arguments
        )

    def after(self, seconds: float = 1) -> Change | None:
        self.now += seconds
        return self.cameras.poll()

    def settled(self) -> Change | None:
        assert self.after() is None
        return self.after()


def watch_pipeline(path: Path, text: str, **overrides: object) -> Looks:
    path.write_text(text)
    config = load_config(path, RunConfig, **overrides)
    return Looks(config, pipeline=path, overrides=overrides)


def watch_list(path: Path, text: str) -> Looks:
    path.write_text(text)
    return Looks(make_config(RunConfig, {"source": str(path)}))


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    return tmp_path / "cameras.yaml"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "cameras.txt"


TWO = "cameras:\n- {name: gate, source: 'rtsp://u:hush@10.0.0.7/1'}\n- {name: yard, source: '0'}\n"


def names(change: Change | None) -> tuple[list[str], list[str], list[str]]:
    assert change is not None
    added, changed = ([plan.name for plan in plans] for plans in (change.added, change.changed))
    return added, list(change.removed), changed


def test_nothing_happens_while_nothing_is_edited(pipeline: Path) -> None:
    looks = watch_pipeline(pipeline, TWO)
    assert [plan.name for plan in looks.cameras.plans] == ["gate", "yard"]
    assert [looks.after() for _ in range(3)] == [None] * 3
    pipeline.touch()
    assert [looks.after() for _ in range(3)] == [None] * 3


def test_cameras_of_a_pipeline_come_and_go_and_change(pipeline: Path) -> None:
    looks = watch_pipeline(pipeline, TWO)
    edited = TWO.replace("yard, source: '0'", "shed, source: '1'").replace("hush", "other")
    pipeline.write_text(edited)
    assert names(looks.settled()) == (["shed"], ["yard"], ["gate"])
    assert [plan.name for plan in looks.cameras.plans] == ["gate", "shed"]
    assert looks.after() is None


def test_cameras_of_a_list_come_and_go(listed: Path) -> None:
    looks = watch_list(listed, "rtsp://10.0.0.7/1\n")
    listed.write_text("rtsp://10.0.0.8/1\nrtsp://10.0.0.7/1\n")
    assert names(looks.settled()) == (["rtsp://10.0.0.8/1"], [], [])
    listed.write_text("rtsp://10.0.0.8/1\n")
    assert names(looks.settled()) == ([], ["rtsp://10.0.0.7/1"], [])


def test_a_new_password_in_an_address_file_is_a_change(pipeline: Path, tmp_path: Path) -> None:
    address = tmp_path / "gate.rtsp"
    address.write_text("rtsp://u:hush@10.0.0.7/1\n")
    looks = watch_pipeline(pipeline, f"cameras: [{{name: gate, source: '{address}'}}]\n")
    address.write_text("rtsp://u:other@10.0.0.7/1\n")
    assert names(looks.settled()) == ([], [], ["gate"])


def test_an_edit_that_keeps_size_and_time_is_seen(listed: Path) -> None:
    looks = watch_list(listed, "rtsp://10.0.0.7/1\n")
    before = listed.stat()
    listed.write_text("rtsp://10.0.0.8/1\n")
    os.utime(listed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(looks.settled()) == (["rtsp://10.0.0.8/1"], ["rtsp://10.0.0.7/1"], [])


def test_a_file_that_is_being_written_is_left_alone(listed: Path) -> None:
    looks = watch_list(listed, "rtsp://10.0.0.7/1\nrtsp://10.0.0.8/1\n")
    listed.write_text("rtsp://10.0.0.7/1\n")
    assert looks.after() is None
    listed.write_text("rtsp://10.0.0.7/1\nrtsp://10.0.0.8/1\nrtsp://10.0.0.9/1\n")
    assert names(looks.settled()) == (["rtsp://10.0.0.9/1"], [], [])


def test_a_hangup_reads_at_once(listed: Path) -> None:
    looks = watch_list(listed, "rtsp://10.0.0.7/1\n")
    listed.write_text("rtsp://10.0.0.8/1\n")
    looks.hangup.set()
    assert names(looks.after(0)) == (["rtsp://10.0.0.8/1"], ["rtsp://10.0.0.7/1"], [])
    assert not looks.hangup.is_set()
    assert [looks.after() for _ in range(3)] == [None] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cameras: [", "is not YAML"),
        ("", "must hold `key: value` lines"),
        ("cameras: []\n", "nothing to watch"),
        (TWO.replace("yard", "gate"), "two cameras are called 'gate'"),
        (TWO + "fsp: 3\n", "unknown setting 'fsp'"),
        (TWO.replace("source: '0'", "source: *hush"), "is not YAML"),
    ],
)
def test_a_broken_file_is_told_once_and_changes_nothing(
    pipeline: Path, text: str, message: str
) -> None:
    looks = watch_pipeline(pipeline, TWO)
    pipeline.write_text(text)
    change = looks.settled()
    assert names(change) == ([], [], [])
    assert change is not None
    (notice,) = change.notices
    assert notice.startswith("the cameras stay as they are: ")
    assert message in notice
    assert "hush" not in notice
    assert [looks.after() for _ in range(3)] == [None] * 3
    assert [plan.name for plan in looks.cameras.plans] == ["gate", "yard"]
    pipeline.write_text(TWO)
    assert looks.settled() is None


def test_an_edit_since_the_settings_were_read_is_found(listed: Path) -> None:
    listed.write_text("rtsp://10.0.0.7/1\n")
    config = make_config(RunConfig, {"source": str(listed)})
    looks = Looks(config)
    looks.cameras.plans = ()
    assert names(looks.after()) == (["rtsp://10.0.0.7/1"], [], [])
    assert looks.after() is None


def test_a_file_that_vanishes_changes_nothing(listed: Path) -> None:
    looks = watch_list(listed, "rtsp://10.0.0.7/1\n")
    listed.unlink()
    change = looks.settled()
    assert change is not None
    assert names(change) == ([], [], [])
    assert len(change.notices) == 1
    listed.write_text("rtsp://10.0.0.7/1\nrtsp://10.0.0.8/1\n")
    assert names(looks.settled()) == (["rtsp://10.0.0.8/1"], [], [])


def test_other_settings_wait_for_a_restart(pipeline: Path) -> None:
    looks = watch_pipeline(pipeline, TWO)
    pipeline.write_text(TWO + "fps: 8\nenter: 0.5\nroi: {door: [0, 0, 1, 0.5]}\n")
    change = looks.settled()
    assert names(change) == ([], [], ["gate", "yard"])
    assert change is not None
    assert change.notices == ("restart to apply: enter, fps",)
    assert {plan.sampling.describe() for plan in looks.cameras.plans} == {"fps 4"}


def test_flags_win_over_an_edited_file_too(pipeline: Path) -> None:
    looks = watch_pipeline(pipeline, TWO, fps=2, source=("rtsp://10.0.0.9/1",))
    pipeline.write_text(TWO + "fps: 8\n")
    assert looks.settled() is None
    assert [plan.name for plan in looks.cameras.plans] == ["rtsp://10.0.0.9/1"]


def test_what_a_head_brings_along_is_no_reason_to_restart(pipeline: Path, tmp_path: Path) -> None:
    training = Training(fps=Fraction(8), window=Fraction(2), framing="center", enter=0.5, leave=0.3)
    head = LinearHead(
        weight=np.zeros((2, 4), dtype=np.float32), bias=np.zeros(2, dtype=np.float32),
        labels=("a", "b"), pooling="mean", backbone_sha256="ab" * 32, training=training,
    )  # fmt: skip
    save_head(head, tmp_path / "head.safetensors")
    text = f"head: {tmp_path / 'head.safetensors'}\n"
    pipeline.write_text(text + "cameras: ['0']\n")
    config = with_settings_of_head(load_config(pipeline, RunConfig))
    assert config.fps == 8
    looks = Looks(config, pipeline=pipeline)
    pipeline.write_text(text + "cameras: ['0', '1']\n")
    change = looks.settled()
    assert change is not None
    assert (len(change.added), change.notices) == (1, ())
