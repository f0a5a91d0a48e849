"""Cameras for programs."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from clips import quadrants, write_clip

import ghoststream
from ghoststream.config import RunConfig, make_config
from ghoststream.errors import ConfigError, GhostStreamError, SourceError
from ghoststream.runners.live.check import check_cameras
from ghoststream.runners.live.outputs import check_delivery

SETTINGS = {
    "realtime": True,
    "fps": 4,
    "window": "0.5",
    "hop": "0.5",
    "enter": 0.01,
    "leave": 0.005,
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=25, picture=quadrants)


def test_events_come_with_their_camera_and_end_with_it(clip: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    told = list(ghoststream.watch(clip, **SETTINGS, jsonl=str(log)))
    assert {header.source for header, _ in told} == {str(clip)}
    assert {(header.segment, header.segment_cause) for header, _ in told} == {(1, "connected")}
    types = [event.type for _, event in told]
    assert types.count("new") == types.count("end") > 0
    assert log.read_text("utf-8").count('"type":"new"') == types.count("new")


def test_who_has_seen_enough_ends_it(clip: Path) -> None:
    with closing(ghoststream.watch(clip, **SETTINGS, loop=True)) as told:
        header, event = next(told)
    assert (header.stream.clock, event.type) == ("arrival", "new")


def test_all_given_up_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp4"
    with pytest.raises(SourceError, match="there is no such file"):
        list(ghoststream.watch(missing, **SETTINGS, max_retries=0))


def test_no_outputs_are_made_that_nobody_named(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    list(ghoststream.watch(clip, **SETTINGS))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_settings_can_be_checked(clip: Path, tmp_path: Path) -> None:
    config = {"source": str(clip), "realtime": True, "fps": 2, "roi": {"door": [0, 0, 0.5, 1]}}
    facts = check_cameras(make_config(RunConfig, {**config, "jsonl": str(tmp_path / "a.jsonl")}))
    assert facts["cameras"] == [str(clip)]
    assert facts["regions"] == {str(clip): ["door"]}
    assert facts["sampling"] == {str(clip): "fps 2"}
    assert facts["receivers"] == []
    assert list(tmp_path.iterdir()) == [clip]
    with pytest.raises(ConfigError, match="nothing to watch"):
        check_cameras(make_config(RunConfig, {}))


def test_receivers_are_checked_and_not_called(tmp_path: Path) -> None:
    receivers = {"mqtt": "mqtt://me:hush@broker", "webhook": "http://me:hush@host/hook"}
    config = make_config(RunConfig, {**receivers, "spool": tmp_path / "spool"})
    assert check_delivery(config) == ["mqtt://broker", "http://host/hook"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mqtt": "mqtt://host:99999"}, "ports go from 1 to 65535"),
        ({"mqtt": "mqtts://host", "mqtt_ca": "absent.pem"}, "absent.pem holds no certificates"),
        ({"webhook": "http://host", "webhook_secret": "whsec_?"}, "whsec_ and base64"),
        ({"webhook": "http://host", "spool": __file__}, "cannot write .*/messages"),
    ],
)
def test_receivers_that_could_not_be_told_are_refused(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(GhostStreamError, match=message):
        check_delivery(make_config(RunConfig, settings))


@pytest.mark.slow
def test_a_plain_script_can_watch(clip: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import ghoststream\n"
        f"for header, event in ghoststream.watch({str(clip)!r}, **{SETTINGS!r}):\n"
        "    print(event.type)\n"
    )
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    told = done.stdout.split()
    assert (told[0], told[-1]) == ("new", "end")
