"""The command line as its users meet it: arguments in; output, files and exit code out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from clips import noise, quadrants, write_audio_only, write_clip
from jsonschema import Draft202012Validator

from ghoststream.cli import main
from ghoststream.config import ArchiveConfig, EmbedConfig, LabelConfig, RunConfig, ServeConfig
from ghoststream.version import __version__


def ghoststream(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=75, rate=25, picture=quadrants)


def test_help_and_version() -> None:
    assert "run" in ghoststream("--help").output
    assert ghoststream("--version").output == f"ghoststream, version {__version__}\n"


def test_every_command_has_help_with_an_example() -> None:
    for name, command in main.commands.items():
        text = ghoststream(name, "--help").output
        assert "Example" in text or isinstance(command, click.Group), name


def test_flags_and_settings_are_the_same_words() -> None:
    def flags(name: str) -> set[str]:
        return {p.name for p in main.commands[name].params if p.name} - {"sources", "as_json"}

    # Cameras with settings of their own have no place on a command line.
    settings_of_run = set(RunConfig.model_fields) - {"cameras"}
    assert flags("run") == settings_of_run
    assert flags("label") == set(LabelConfig.model_fields)
    assert flags("embed") == set(EmbedConfig.model_fields) | set(ArchiveConfig.model_fields)
    assert flags("validate") == settings_of_run
    assert flags("serve") == set(ServeConfig.model_fields) | {"opens", "hash_password"}


def test_importing_and_helping_load_nothing_heavy() -> None:
    program = (
        "import sys, ghoststream, ghoststream.cli\n"
        "heavy = {'torch', 'torchvision', 'openvino', 'av', 'cv2', 'ray', 'numpy'}\n"
        "heavy |= {'pyarrow', 'lancedb', 'rich', 'fastapi', 'uvicorn', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_run_writes_every_output(clip: Path, tmp_path: Path) -> None:
    done = ghoststream(
        "run", clip, "--weights", "bundled", "--enter", 0, "--leave", 0, "--top-k", 1,
        "--jsonl", tmp_path / "e.jsonl", "--csv", tmp_path / "e.csv", "--vtt", tmp_path / "e.vtt",
        "--annotate", tmp_path / "e.mp4", "--heatmap",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"clip.mp4", "e.jsonl", "e.csv", "e.vtt", "e.mp4"}
    lines = records(tmp_path / "e.jsonl")
    assert [line["record"] for line in lines if line["record"] != "event"] == [
        "header", "clip", "clip", "end",
    ]  # fmt: skip
    assert (tmp_path / "e.vtt").read_text().startswith("WEBVTT")


def test_run_prints_events_for_people(sample_videos: Path, tmp_path: Path) -> None:
    done = ghoststream(
        "run", sample_videos / "motorcycle.mp4", "--weights", "bundled", "--out", tmp_path / "out"
    )
    assert done.exit_code == 0
    assert "00:00:00.000  new  moped" in done.stdout
    assert "180 frames, 24 looked at" in done.stderr
    assert str(tmp_path / "out" / "events.jsonl") in done.stderr


def test_jsonl_to_standard_output_is_nothing_but_json(clip: Path) -> None:
    done = ghoststream("run", clip, "--weights", "bundled", "--jsonl", "-")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["record"] == "header"
    assert lines[-1]["record"] == "end"


def test_json_tells_machines_how_it_went(clip: Path, tmp_path: Path) -> None:
    done = ghoststream("run", clip, "--weights", "bundled", "--json", "--csv", tmp_path / "e.csv")
    result = json.loads(done.stdout)
    assert result["sources"][0]["frames"] == 75
    assert result["outputs"] == {"csv": str(tmp_path / "e.csv")}
    assert done.stderr == ""


def test_a_new_directory_a_run(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert ghoststream("run", clip, "--weights", "bundled").exit_code == 0
    assert sorted(p.as_posix() for p in Path().glob("runs/*/*")) == [
        "runs/1/events.jsonl",
        "runs/2/events.jsonl",
    ]


def test_out_never_overwrites_unless_told(clip: Path, tmp_path: Path) -> None:
    for flags in ([], [], ["--exist-ok"]):
        ghoststream("run", clip, "--weights", "bundled", "--out", tmp_path / "out", *flags)
    assert sorted(p.name for p in tmp_path.glob("out*")) == ["out", "out2"]


def test_equal_runs_give_equal_bytes(clip: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        ghoststream("run", clip, "--weights", "bundled", "--jsonl", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_log_obeys_the_published_schema(clip: Path, tmp_path: Path) -> None:
    schema = json.loads(ghoststream("schema").stdout)
    Draft202012Validator.check_schema(schema)
    ghoststream(
        "run", clip, "--weights", "bundled", "--enter", 0, "--leave", 0, "--jsonl", tmp_path / "e"
    )
    lines = records(tmp_path / "e")
    assert {str(line["record"]) for line in lines} == {"header", "clip", "event", "end"}
    for line in lines:
        Draft202012Validator(schema).validate(line)


def test_embed_writes_vectors(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("vectors.parquet", "vectors.npz"):
        done = ghoststream("embed", clip, "--weights", "bundled", "--fps", 1, "--out", name)
        assert done.exit_code == 0, done.output
    table = pq.read_table("vectors.parquet")
    assert table.column("pts_seconds").to_pylist() == [0.0, 1.0, 2.0]
    with np.load("vectors.npz") as arrays:
        assert arrays["pts_seconds"].tolist() == [0.0, 1.0, 2.0]
        assert arrays["vectors"].shape == (3, 1280)


def test_a_pipeline_file_and_flags_over_it(clip: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(f"weights: bundled\nwindow: 3\njsonl: {tmp_path / 'e.jsonl'}\n")
    done = ghoststream("run", pipeline, "--source", clip, "--fps", 1)
    assert done.exit_code == 0, done.output
    configuration = records(tmp_path / "e.jsonl")[0]["configuration"]
    assert isinstance(configuration, dict)
    assert (configuration["window"], configuration["fps"]) == ("3", "1")


def test_probe_tells_exact_facts(clip: Path) -> None:
    facts = json.loads(ghoststream("probe", clip, "--json").stdout)
    assert (facts["codec"], facts["width"], facts["average_rate"]) == ("h264", 64, "25")
    assert "average_rate" in ghoststream("probe", clip).stdout


def test_validate_runs_nothing(clip: Path, tmp_path: Path) -> None:
    done = ghoststream(
        "validate", clip, "--weights", "bundled", "--jsonl", tmp_path / "e.jsonl", "--json"
    )
    assert json.loads(done.stdout)["sampling"] == "fps 4"
    assert not (tmp_path / "e.jsonl").exists()


def test_weights_are_listed_and_shown() -> None:
    rows = json.loads(ghoststream("weights", "list", "--json").stdout)
    assert ("ghostnet_100", "bundled", True) in [
        (r["model"], r["weights"], r["here"]) for r in rows
    ]
    shown = json.loads(
        ghoststream("weights", "show", "ghostnet_100", "--weights", "bundled", "--json").stdout
    )
    assert len(shown["sha256"]) == 64
    assert "bundled" in ghoststream("weights", "list").stdout


BAD_ARGUMENTS = [
    (["run"], "nothing to read"),
    (["run", "CLIP", "--fps", "0"], "fps: must be above 0"),
    (["run", "CLIP", "--fps", "2", "--stride", "3"], "exclude each other"),
    (["run", "CLIP", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
    (["run", "CLIP", "--model", "ghostnet_050"], "ghostnet_050"),
    (["run", "CLIP", "--model", "resnet"], "resnet"),
    (["run", "CLIP", "--head", "nowhere.safetensors"], "nowhere.safetensors"),
    (["run", "CLIP", "--pool", "mean_std"], "mean_std"),
    (["run", "CLIP", "--jsonl", "x", "--csv", "x"], "two outputs go to one path"),
    (["run", "CLIP", "--annotate", "CLIP"], "is a source"),
    (["run", "CLIP", "--jsonl", "./x", "--csv", "x"], "two outputs go to one path"),
    (["embed", "CLIP", "--out", "CLIP"], "its name must end in .parquet or .npz"),
    (["run", "nowhere.yaml"], "cannot read the pipeline"),
    (["label"], "nothing to read"),
    (["label", "CLIP", "--address", "auto"], "address is of a Ray cluster; set engine to ray too"),
    (["label", "CLIP", "--exclude", "/a"], "'/a' matches nothing"),
    (["embed", "CLIP", "--rtsp-transport", "udp"], "unknown setting 'rtsp_transport'"),
    (["embed", "CLIP", "--out", "v.npz", "--watch"], "unknown setting 'watch'"),
    (["embed", "CLIP", "--out", "vectors.txt"], "vectors.txt"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS)
def test_wrong_arguments_end_in_a_sentence(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = ghoststream(*[str(clip) if a == "CLIP" else a for a in arguments])
    assert done.exit_code == 2, done.output
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.output
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def missing(folder: Path) -> str:
    return str(folder / "missing.mp4")


def empty(folder: Path) -> str:
    (folder / "empty.mp4").touch()
    return str(folder / "empty.mp4")


def text(folder: Path) -> str:
    (folder / "text.mp4").write_text("These are words. " * 1000)
    return str(folder / "text.mp4")


def cut_short(folder: Path) -> str:
    path = write_clip(folder / "cut.mp4", frames=50, picture=noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return str(path)


def sound_only(folder: Path) -> str:
    return str(write_audio_only(folder / "sound.mp4"))


def no_videos(folder: Path) -> str:
    (folder / "none").mkdir()
    (folder / "none" / "notes.txt").write_text("nothing to see")
    return str(folder / "none")


@pytest.mark.parametrize("make", [missing, empty, text, cut_short, sound_only, no_videos])
def test_unreadable_sources_end_in_a_sentence(tmp_path: Path, make: object) -> None:
    assert callable(make)
    folder = tmp_path / "in"
    folder.mkdir()
    address = make(folder)
    done = ghoststream("run", address, "--weights", "bundled", "--out", tmp_path / "out")
    assert done.exit_code == 4, done.output
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert Path(address).name in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_camera_that_is_given_up_ends_in_a_sentence(tmp_path: Path) -> None:
    address = "rtsp://user:secret@127.0.0.1:9/stream"
    log = tmp_path / "log.jsonl"
    done = ghoststream("run", address, "--weights", "bundled", "--max-retries", 0, "--jsonl", log)
    assert done.exit_code == 4, done.output
    assert done.stderr.splitlines()[-1] == (
        "Error: rtsp://127.0.0.1:9/stream: nobody answers there; "
        "check the host, the port and the network."
    )
    assert [line.get("state") for line in records(log)] == ["connecting", "ended", None]


def test_errors_for_machines_have_a_code(tmp_path: Path) -> None:
    done = ghoststream("run", missing(tmp_path), "--json")
    assert json.loads(done.stdout)["error"]["code"] == "SOURCE_NOT_FOUND"


def test_some_bad_some_good_is_exit_3(clip: Path, tmp_path: Path) -> None:
    done = ghoststream(
        "run", clip, text(tmp_path), "--weights", "bundled", "--jsonl", tmp_path / "e.jsonl"
    )
    assert done.exit_code == 3
    assert "failed:" in done.stderr
    ends = [line for line in records(tmp_path / "e.jsonl") if line["record"] == "end"]
    assert [(end["reason"], end["frames"]) for end in ends] == [("completed", 75), ("failed", 0)]


def test_damaged_packets_are_counted_and_exit_3(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts", frames=100, gop=10, picture=noise)
    data = bytearray(clip.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = os.urandom(3000)
    clip.write_bytes(data)
    done = ghoststream("run", clip, "--weights", "bundled", "--jsonl", tmp_path / "e.jsonl")
    assert done.exit_code == 3
    end = records(tmp_path / "e.jsonl")[-1]
    assert isinstance(end["frames"], int)
    assert isinstance(end["decode_errors"], int)
    assert end["frames"] > 50
    assert end["decode_errors"] > 0


def test_outputs_that_cannot_be_written_are_exit_5(clip: Path, tmp_path: Path) -> None:
    for flag in ("--jsonl", "--csv", "--vtt", "--annotate"):
        done = ghoststream("run", clip, "--weights", "bundled", flag, clip / "under" / "a.mp4")
        assert done.exit_code == 5, (flag, done.output)
        assert done.stderr.splitlines()[-1].startswith("Error: cannot write")
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_full_disk_is_exit_5(clip: Path) -> None:
    done = ghoststream("run", clip, "--weights", "bundled", "--jsonl", "/dev/full")
    assert done.exit_code == 5
    assert "the disk is full" in done.stderr


def interrupt(arguments: list[str], ready: Path, number: int) -> tuple[int, str]:
    command = [sys.executable, "-m", "ghoststream", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (ready.exists() and ready.stat().st_size > 3000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_whole_outputs(tmp_path: Path, number: int) -> None:
    clip = write_clip(tmp_path / "long.mp4", frames=5000, picture=quadrants)
    log, table = tmp_path / "e.jsonl", tmp_path / "e.csv"
    flags = ["--every-frame", "--weights", "bundled", "--jsonl", str(log), "--csv", str(table)]
    code, stderr = interrupt(["run", str(clip), *flags], log, number)
    assert code == 130, stderr
    assert "Traceback" not in stderr
    lines = records(log)
    assert (lines[-1]["record"], lines[-1]["reason"]) == ("end", "interrupted")
    assert table.exists()


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_defect_shows_no_address(monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    def fail(*_: object) -> None:
        raise ValueError("cannot parse rtsp://user:secret@host/x")

    monkeypatch.setenv("GHOSTSTREAM_DEBUG", debug)
    monkeypatch.setattr("ghoststream.config.make_config", fail)
    done = ghoststream("run", "clip.mp4")
    assert done.exit_code == 1
    assert "a defect in GhostStream, ValueError: <a line that may hold an address>" in done.stderr
    assert "secret" not in done.output
    assert ("Traceback" in done.stderr) is bool(debug)
