"""From pictures to weights; stopped, killed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clips import write_clip
from filelock import FileLock
from safetensors.torch import load_file
from unlabelled import blobs, random_weights, write_picture

from ghoststream.config import DistillConfig, make_config
from ghoststream.errors import ConfigError, DataError
from ghoststream.models import create_model, resolve_weights
from ghoststream.runners.distill.reports import Judged, Note, Report
from ghoststream.runners.distill.run import distill
from ghoststream.runners.distill.unlabelled import picture_pool, unlabelled_files
from ghoststream.train.distill.files import read_checkpoint
from ghoststream.train.distill.pool import PicturePool


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    # Networks as small as these only wait for each other's threads.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(20):
        write_picture(folder / f"{number:02}.png", blobs(number))
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights(tmp_path_factory.mktemp("teacher") / "teacher.safetensors", seed=3)


def settings(photos: Path, teacher: Path, out: Path, **others: object) -> dict[str, Any]:
    return {
        "pictures": [photos], "out": out, "model": "ghostnet_010", "teacher": "ghostnet_010",
        "teacher_weights": str(teacher), "size": 32, "teacher_size": 32, "input_size": 32,
        "held_out": 4, "batch": 4, **others,
    }  # fmt: skip


def run(values: dict[str, Any], *, stop_at: int | None = None) -> tuple[Any, list[Report]]:
    """Distills; `stop_at` samples, somebody says stop."""
    stop, told = threading.Event(), []

    def watch(report: Report) -> None:
        told.append(report)
        if stop_at is not None and isinstance(report, Judged) and report.samples >= stop_at:
            stop.set()

    return distill(make_config(DistillConfig, values), stop=stop, watcher=watch), told


def read(folder: Path, *places: Path, stored: int = 256) -> PicturePool:
    folder.mkdir(exist_ok=True)
    pool = picture_pool(
        unlabelled_files(places),
        folder=folder,
        stored=stored,
        fps=Fraction(2),
        progress=lambda done: None,
        stop=threading.Event(),
    )
    assert pool is not None
    return pool


def test_pictures_come_from_folders_tar_files_and_videos(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    write_picture(photos / "deep" / "a.PNG", blobs(0, (64, 48)))
    write_picture(photos / "wide.png", blobs(1, (200, 50)))
    (photos / "notes.txt").write_text("no picture")
    (photos / "cut.jpg").write_bytes(b"\xff\xd8 no whole picture")
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.add(photos / "wide.png", "sets/wide.png")
        tar.add(photos / "notes.txt", "notes.txt")
    write_clip(tmp_path / "c.mp4", frames=10, rate=10)

    pool = read(tmp_path / "work", photos, tmp_path / "b.tar", tmp_path / "c.mp4", stored=40)
    assert pool.names == ("a.PNG", "wide.png", "sets/wide.png", "c.mp4#0", "c.mp4#1")
    assert pool.sizes.tolist() == [[40, 53], [40, 160], [40, 160], [40, 53], [40, 53]]
    assert len(pool.lost) == 1
    assert pool.lost[0].startswith(f"{photos / 'cut.jpg'}: it cannot be decoded as a picture")
    assert np.array_equal(pool[1], pool[2])


def test_pictures_are_decoded_once(photos: Path, tmp_path: Path) -> None:
    read(tmp_path, photos)
    written = (tmp_path / "pictures.bin").stat().st_mtime_ns
    assert np.array_equal(read(tmp_path, photos)[3], blobs(3))
    assert (tmp_path / "pictures.bin").stat().st_mtime_ns == written
    read(tmp_path, photos, stored=32)
    assert (tmp_path / "pictures.bin").stat().st_mtime_ns > written


def test_a_tar_file_that_is_cut_off_is_told(photos: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for path in sorted(photos.iterdir()):
            tar.add(path, path.name)
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: len(whole) // 2])
    pool = read(tmp_path / "work", tmp_path / "a.tar")
    assert 0 < len(pool) < 20
    assert [line.startswith(f"{tmp_path / 'a.tar'}: no whole tar file") for line in pool.lost] == [
        True
    ]


def test_what_cannot_be_is_refused(photos: Path, teacher: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.safetensors"
    with pytest.raises(ConfigError, match="efficientnet_lite0 cannot be the student"):
        run(settings(photos, teacher, out, model="efficientnet_lite0"))
    with pytest.raises(DataError, match="there are 20 pictures, and 20 are held out"):
        run(settings(photos, teacher, out, held_out=20))
    with pytest.raises(ConfigError, match="there is nothing at"):
        run(settings(tmp_path / "nowhere", teacher, out))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="there are no pictures, videos or tar files"):
        run(settings(tmp_path / "empty", teacher, out))
    with pytest.raises(ConfigError, match="forcing is a share of samples or minutes"):
        run(settings(photos, teacher, out, forcing=0.5))
    with (
        FileLock(tmp_path / "s.work" / "lock"),
        pytest.raises(ConfigError, match=r"another distillation is at work in .*s\.work; stop it"),
    ):
        run(settings(photos, teacher, out))
    assert list(tmp_path.glob("*.safetensors")) == []


def test_who_stops_while_pictures_are_read_finds_nothing_kept(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    config = make_config(DistillConfig, settings(photos, teacher, tmp_path / "s.safetensors"))
    stop = threading.Event()
    stop.set()
    assert distill(config, stop=stop, watcher=print) is None
    assert list(tmp_path.glob("*.safetensors")) == []
    assert not (tmp_path / "s.work" / "pictures.json").exists()


@pytest.mark.slow
def test_who_stops_before_anything_is_learnt_keeps_the_weights_of_before(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    out = tmp_path / "s.safetensors"
    out.write_bytes(b"of an earlier training")
    assert run(settings(photos, teacher, out), stop_at=0)[0] is None
    assert out.read_bytes() == b"of an earlier training"


@pytest.mark.slow
def test_twice_from_one_seed_is_the_same(photos: Path, teacher: Path, tmp_path: Path) -> None:
    done = []
    for name in ("a", "b"):
        values = settings(photos, teacher, tmp_path / f"{name}.safetensors", samples=32, seed=9)
        done.append(run(values)[0])
    assert not done[0].is_stopped
    assert done[0].samples == 32
    assert states_are_same(tmp_path / "a.work", tmp_path / "b.work")
    weights = [resolve_weights("ghostnet_010", each.path) for each in done]
    assert same_weights(*(each.path for each in done))
    assert weights[0].metadata["samples"] == "32"
    assert weights[0].metadata["pictures"] == "16"
    assert weights[0].preprocessing.input_size == 32
    assert float(weights[0].metadata["temperature"]) == done[0].calibration.temperature
    create_model("ghostnet_010", weights=done[0].path)

    other = settings(photos, teacher, tmp_path / "c.safetensors", samples=32, seed=10)
    run(other)
    assert not states_are_same(tmp_path / "a.work", tmp_path / "c.work")


@pytest.mark.slow
def test_stopped_and_gone_on_with_is_as_without_a_break(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    through = settings(photos, teacher, tmp_path / "a.safetensors", samples=32)
    run(through)
    # Judged after every batch, so that it can be stopped after any.
    broken = settings(
        photos, teacher, tmp_path / "b.safetensors", samples=32, report_minutes="1/600000"
    )
    done, _ = run(broken, stop_at=12)
    assert done.is_stopped
    assert done.samples == 12
    assert done.path.is_file()
    done, told = run(broken)
    assert not done.is_stopped
    assert Note(text=f"going on after 12 samples, from {tmp_path / 'b.work/checkpoint.pt'}") in told
    assert states_are_same(tmp_path / "a.work", tmp_path / "b.work")
    assert same_weights(tmp_path / "a.safetensors", tmp_path / "b.safetensors")

    with pytest.raises(ConfigError, match="was made with batch 4, not 8; give the same"):
        run({**broken, "batch": 8})
    # A budget may grow.
    assert run({**broken, "samples": 40})[0].samples == 40


@pytest.mark.slow
def test_weights_to_start_from_and_other_embeddings(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    values = settings(photos, teacher, tmp_path / "a.safetensors", samples=8)
    _, told = run(values)
    assert not [report for report in told if isinstance(report, Note)]
    done, _ = run({**values, "out": tmp_path / "b.safetensors", "init": str(values["out"])})
    assert resolve_weights("ghostnet_010", done.path).metadata["samples"] == "16"

    small = random_weights(tmp_path / "t.safetensors", seed=1, name="torchvision:resnet18")
    others = {"teacher": "torchvision:resnet18", "teacher_weights": str(small)}
    done, told = run({**values, **others, "out": tmp_path / "c.safetensors"})
    assert done.agreement.cosine is None
    notes = [report.text for report in told if isinstance(report, Note)]
    assert [note.partition(":")[0] for note in notes] == [
        "the last layer begins at random",
        "only what is named is imitated",
        "no stage is forced",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_command_goes_on_after_a_signal(
    number: signal.Signals, photos: Path, teacher: Path, tmp_path: Path
) -> None:
    values = settings(photos, teacher, tmp_path / "s.safetensors", save_minutes="1/600000")
    command = [sys.executable, "-m", "ghoststream", "distill", str(photos), "--json"]
    for name, value in values.items():
        if name != "pictures":
            command += [f"--{name.replace('_', '-')}", str(value)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ})
    checkpoint = tmp_path / "s.work" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.is_file():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert json.loads(output.splitlines()[-1])["is_stopped"] is True
        assert create_model("ghostnet_010", weights=values["out"]).weights is not None
    samples = read_checkpoint(checkpoint)["samples"]
    assert samples > 0
    done = subprocess.run(
        [*command, "--samples", str(samples + 8)], capture_output=True, text=True, check=True
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records[0] == {
        "kind": "note",
        "text": f"going on after {samples} samples, from {checkpoint}",
    }
    assert records[-1]["kind"] == "distilled"
    assert records[-1]["samples"] == samples + 8


def same_weights(first: Path, second: Path) -> bool:
    # Not the bytes: safetensors puts metadata into any order.
    a, b = load_file(first), load_file(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def states_are_same(first: Path, second: Path) -> bool:
    a, b = (flat(read_checkpoint(work / "checkpoint.pt")["distiller"]) for work in (first, second))
    return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)


def equal(a: object, b: object) -> bool:
    return (
        torch.equal(a, b) if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) else a == b
    )


def flat(state: object, name: str = "") -> dict[str, object]:
    if isinstance(state, list):
        state = dict(enumerate(state))
    if not isinstance(state, dict):
        return {name: state}
    return {k: v for key, each in state.items() for k, v in flat(each, f"{name}.{key}").items()}
