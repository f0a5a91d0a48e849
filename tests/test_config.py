from fractions import Fraction
from pathlib import Path

import pytest

from ghoststream.config import (
    EmbedConfig,
    RunConfig,
    configuration_sha256,
    deciding_settings,
    load_config,
    make_config,
)
from ghoststream.errors import ConfigError


def test_rates_and_seconds_are_exact() -> None:
    config = make_config(RunConfig, {"fps": 0.1, "window": "30000/1001", "hop": 1})
    assert (config.fps, config.window, config.hop) == (
        Fraction(1, 10),
        Fraction(30000, 1001),
        Fraction(1),
    )


def test_four_frames_a_second_where_no_sampling_is_chosen() -> None:
    assert make_config(EmbedConfig, {}).fps == 4
    assert make_config(EmbedConfig, {"keyframes": True}).fps is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fps": "fast"}, "fps: 'fast' is not a number such as 2, 0.5 or 30000/1001"),
        ({"fps": 0}, "fps: must be above 0"),
        ({"fps": "1/0"}, "'1/0' is not a number"),
        ({"window": -1}, "window: must be above 0"),
        ({"gap": -1}, "gap: must not be below 0"),
        ({"fps": 2, "stride": 3}, "fps and stride exclude each other; choose one"),
        ({"every_frame": True, "keyframes": True}, "every_frame and keyframes exclude"),
        ({"enter": 0.2, "leave": 0.5}, r"leave \(0.5\) must not be above enter \(0.2\)"),
        ({"enter": 1.5}, "enter: .*less than or equal to 1"),
        ({"pool": "median"}, "pool: .*'mean', 'max', 'gem' or 'mean_std', got 'median'"),
        ({"batch": 0}, "batch: .*greater than or equal to 1"),
        ({"heatmap": True}, "set annotate too"),
        ({"windw": 2}, "unknown setting 'windw'; known are .*window"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_config(RunConfig, values)


def test_a_pipeline_file_with_flags_on_top(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("fps: 2\nwindow: 4\nenter: 0.5\n")
    config = load_config(path, RunConfig, source="clip.mp4", window=3)
    assert (config.fps, config.window, config.enter, config.source) == (2, 3, 0.5, ("clip.mp4",))


def test_a_sampling_flag_replaces_the_sampling_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("fps: 2\n")
    config = load_config(path, RunConfig, keyframes=True)
    assert (config.fps, config.keyframes) == (None, True)


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.yaml"
    path.write_text('source: "rtsp://admin:{GHOSTSTREAM_PASSWORD}@camera/"\n')
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "hush")
    assert load_config(path, RunConfig).source == ("rtsp://admin:hush@camera/",)
    monkeypatch.delenv("GHOSTSTREAM_PASSWORD")
    with pytest.raises(ConfigError, match="GHOSTSTREAM_PASSWORD is not set"):
        load_config(path, RunConfig)


@pytest.mark.parametrize(
    ("text", "message"),
    [("fps: [", "is not YAML"), ("just words", "must hold `key: value` lines"), ("", "must hold")],
)
def test_files_that_are_no_pipelines(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path, RunConfig)


def test_a_missing_file() -> None:
    with pytest.raises(ConfigError, match=r"cannot read the pipeline 'nowhere\.yaml'"):
        load_config(Path("nowhere.yaml"), RunConfig)


def test_the_hash_names_what_decides_the_results_and_nothing_else() -> None:
    def sha256(**values: object) -> str:
        return configuration_sha256(deciding_settings(make_config(RunConfig, values)))

    assert sha256() == sha256(source="a.mp4", jsonl="-", device="cpu", batch=3)
    assert sha256() == sha256(fps=4)
    assert sha256() != sha256(fps=5)
    assert sha256() != sha256(enter=0.9)
    assert sha256() != sha256(framing="pad")


def test_one_source_or_several_by_name_path_or_number() -> None:
    for given in ("0", 0, Path("0"), ["0"]):
        assert make_config(RunConfig, {"source": given}).source == ("0",)
