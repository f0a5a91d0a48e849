"""What `ghoststream bench` measures, on a video small enough to be measured in a test."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from clips import quadrants, write_clip

from ghoststream.cli import main
from ghoststream.cli.bench import print_report
from ghoststream.config import EmbedConfig
from ghoststream.errors import ConfigError
from ghoststream.runners.agreement import Agreement
from ghoststream.runners.bench import BenchReport, Speed, bench

SIZE = (320, 240)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "clip.mp4"
    return write_clip(path, frames=100, rate=25, size=SIZE, gop=25, picture=quadrants)


@pytest.fixture(scope="module")
def report(clip: Path) -> dict[str, object]:
    arguments = ["--weights", "bundled", "--seconds", "2", "--repetitions", "1", "--json"]
    done = CliRunner().invoke(main, ["bench", str(clip), *arguments])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def speeds(report: dict[str, object]) -> dict[str, dict[str, object]]:
    assert isinstance(report["speeds"], list)
    return {speed["name"]: speed for speed in report["speeds"]}


@pytest.mark.slow
def test_measures_the_start_of_the_video(report: dict[str, object]) -> None:
    assert (report["frames"], report["video_seconds"], report["fps"]) == (50, 2.0, "2")
    counted = {name: speed["frames"] for name, speed in speeds(report).items()}
    counted.pop("ffmpeg decode", None)  # where it is installed
    assert counted == {
        "full decode": 50,
        "planned decode": 4,
        "ghoststream embed": 4,
        "OpenCV loop": 4,
        "network, batch 1": 64,
        "network, batch 4": 64,
        "network, batch 16": 64,
    }


@pytest.mark.slow
def test_numbers_hang_together(report: dict[str, object]) -> None:
    for speed in speeds(report).values():
        assert len(speed["seconds"]) == 1
        assert min(speed["seconds"]) <= speed["median_seconds"] <= max(speed["seconds"])
        assert math.isclose(speed["frames_per_second"], speed["frames"] / speed["median_seconds"])
    embed = speeds(report)["ghoststream embed"]
    assert math.isclose(embed["realtime_speed"], 2 / embed["median_seconds"])
    assert speeds(report)["network, batch 1"]["realtime_speed"] is None


@pytest.mark.slow
def test_each_way_to_vectors_stands_beside_its_cosine(report: dict[str, object]) -> None:
    for name, speed in speeds(report).items():
        if name in ("ghoststream embed", "OpenCV loop"):
            agreed = speed["agreement"]
            assert agreed["strangers"] == agreed["missed"] == 0
            assert 0.99 < agreed["lowest_cosine"] <= agreed["mean_cosine"] < 1.0001
        else:
            assert speed["agreement"] is None


@pytest.mark.slow
def test_without_ffmpeg_says_so(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    config = EmbedConfig(source=str(clip), weights="bundled", fps=2)
    measured = bench(config, seconds=4, repetitions=1)
    assert "ffmpeg decode" not in [speed.name for speed in measured.speeds]
    assert measured.notices == ("ffmpeg is not installed, and left out",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keyframes": True}, "set fps"),
        ({"fps": 2, "framing": "squash"}, "'center' only"),
        ({"fps": 2, "source": "rtsp://camera/"}, "one video file"),
    ],
)
def test_refuses_what_it_cannot_compare(
    clip: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        bench(EmbedConfig.model_validate({"source": str(clip), **settings}))


def test_the_table_shows_every_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(
        BenchReport(
            source="clip.mp4",
            video_seconds=30,
            frames=750,
            fps=2,
            runtime="openvino cpu bf16",
            speeds=(
                Speed(
                    name="ghoststream embed",
                    frames=60,
                    seconds=(2.0, 1.5, 3.0),
                    is_process=True,
                    video_seconds=30,
                    agreement=Agreement(
                        mean_cosine=0.9998, lowest_cosine=0.9991, strangers=1, missed=0
                    ),
                ),
                Speed(
                    name="network, batch 16",
                    frames=64,
                    seconds=(0.1,),
                    is_process=False,
                    video_seconds=None,
                ),
            ),
            notices=("ffmpeg is not installed, and left out",),
        )
    )
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == (
        "clip.mp4: 750 frames, 30.0 s, looked at 2 frames a second; openvino cpu bf16"
    )
    row = "ghoststream embed * 2.00 1.50 - 3.00 30 15.0 0.99980 0.99910 (1 other frames, 0 missed)"
    assert row in lines
    assert "network, batch 16 0.10 0.10 - 0.10 640" in lines
    assert lines[-1] == "ffmpeg is not installed, and left out"
