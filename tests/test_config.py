from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

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
        ({"fps": "fast"}, "^fps: 'fast' is not a number such as 2, 0.5 or 30000/1001$"),
        ({"fps": 0}, "^fps: must be above 0, got 0$"),
        ({"fps": "1/0"}, "'1/0' is not a number"),
        ({"window": -1}, "window: must be above 0"),
        ({"gap": -1}, "gap: must not be below 0"),
        ({"fps": 2, "stride": 3}, "fps and stride exclude each other; choose one"),
        ({"every_frame": True, "keyframes": True}, "every_frame and keyframes exclude"),
        ({"enter": 0.2, "leave": 0.5}, r"leave \(0.5\) must not be above enter \(0.2\)"),
        ({"enter": 1.5}, "enter: .*less than or equal to 1"),
        (
            {"pool": "median"},
            "pool: .*'mean', 'max', 'gem', 'mean_std' or 'mean_change', got 'median'",
        ),
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


HUSH = "p@ss/w?rd#1:%größe"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"roi": {"door": [480, 0, 960, 540]}}, "fractions of the picture, such as 0.25 instead"),
        ({"roi": "door=0.5,0,0.6,1"}, "region 'door' is x, y, width and height"),
        ({"roi": {"door": [0, 0, 0, 1]}}, "region 'door' is x, y"),
        ({"roi": {"door": [0, 0, 1]}}, r"roi\.door\.3: field required"),
        ({"roi": ["door=0,0,1,1", "door=0,0,1,1"]}, "region 'door' is there twice"),
        ({"roi": "0,0,1,1"}, "a region looks like door="),
        ({"roi": "door=0,0"}, "a region looks like door="),
        ({"cameras": {"name": "gate"}}, "cameras: give one, or a list: each behind a dash"),
        ({"roi": {"": [0, 0, 1, 1]}}, "a name is a few printable letters"),
        ({"cameras": [{"name": " ", "source": "0"}]}, "a name is a few printable letters"),
        ({"cameras": [{"name": "gate"}]}, r"cameras\.0\.source: field required"),
        (
            {"cameras": [{"source": "0", "fsp": 2}]},
            r"unknown .* 'cameras\.0\.fsp'; known are name, ",
        ),
        ({"retry_initial": 60}, r"retry_max \(30\) must not be below retry_initial \(60\)"),
        ({"max_retries": -2}, "max_retries: .*greater than or equal to -1"),
        ({"loop": True}, "set realtime too"),
        ({"pre_roll": 9}, "pre_roll without evidence would do nothing"),
        ({"home_assistant": True}, "home_assistant without mqtt would do nothing"),
        ({"mqtt": "mqtt://h", "mqtt_ca": "ca.pem"}, "mqtt_ca without an mqtts:// address"),
        ({"mqtt": "mqtts://h", "mqtt_ca": "c", "mqtt_insecure": True}, "exclude each other"),
        ({"mqtt": "mqtt://h", "mqtt_prefix": "home/#"}, "is the start of a topic"),
        ({"webhook_secret": HUSH}, "webhook_secret without webhook would do nothing"),
        ({"metrics_port": 70000}, "metrics_port: .*less than or equal to 65535"),
        ({"drop_policy": "block"}, "drop_policy: .*'latest' or 'oldest', got 'block'"),
    ],
)
def test_wrong_settings_of_cameras_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make_config(RunConfig, values)
    assert HUSH not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"source": [[f"rtsp://u:{HUSH}@h/1"]]},
        {"cameras": {f"rtsp://u:{HUSH}@h/1": {}}},
        {"cameras": [{f"rtsp://u:{HUSH}@h/1": None}]},
        {"cameras": [{"name": f"rtsp://u:{HUSH}@h/1", "source": "0"}]},
        {"cameras": [[f"rtsp://u:{HUSH}@h/1"]]},
        {"mqtt": f"tcp://u:{HUSH}@h"},
        {"mqtt": [f"mqtt://u:{HUSH}@h"]},
        {"webhook": f"ftp://u:{HUSH}@h"},
        {"webhook": [[f"https://u:{HUSH}@h"]]},
        {"webhook_secret": [HUSH]},
        {f"rtsp://u:{HUSH}@h/1": None},
    ],
)
def test_messages_show_no_secret(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(RunConfig, values)
    assert "p@ss" not in str(caught.value)


def test_errors_of_settings_made_by_hand_show_no_value() -> None:
    with pytest.raises(ValidationError, match="an address here looks like") as caught:
        RunConfig(mqtt=f"tcp://u:{HUSH}@h")
    assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["webhook_secret: *hush", "mqtt: !hush x", "source: 'hush", "mqtt: [hush, hush", "a: %hush"],
)
def test_messages_about_broken_files_quote_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"fps: 2\n{text}\n")
    with pytest.raises(ConfigError, match=r"is not YAML: .* in line [23], column") as caught:
        load_config(path, RunConfig)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_neither_prints_nor_dumps_hold_a_secret() -> None:
    config = make_config(
        RunConfig,
        {
            "source": f"rtsp://u:{HUSH}@h/1",
            "cameras": [f"rtsp://u:{HUSH}@h/1", {"name": "gate", "source": f"rtsp://u:{HUSH}@h/2"}],
            "mqtt": f"mqtts://u:{HUSH}@h",
            "webhook": f"https://u:{HUSH}@h",
            "webhook_secret": HUSH,
        },
    )
    assert config.webhook_secret is not None
    assert config.webhook_secret.get_secret_value() == HUSH
    shown = f"{config!r} {config} {deciding_settings(config)}"
    assert "p@ss" not in shown
    assert deciding_settings(config) == deciding_settings(make_config(RunConfig, {}))


def test_what_regions_look_like_in_a_file_and_as_flags() -> None:
    in_file = make_config(RunConfig, {"roi": {"door": [0.1, "1/3", 0.2, 0.5]}})
    as_flags = make_config(RunConfig, {"roi": ("door=0.1, 1/3, 0.2, 0.5",)})
    tenth = Fraction(1, 10)
    assert in_file.roi == as_flags.roi == {"door": (tenth, Fraction(1, 3), 2 * tenth, 5 * tenth)}
    # As binary floats, these sum up to a little more than 1.
    assert make_config(RunConfig, {"roi": "a=0.9,0,0.1,1"}).roi["a"][0] == 9 * tenth


def test_secrets_come_from_the_environment_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "p@ss")
    path = tmp_path / "p.yaml"
    path.write_text(
        "cameras:\n"
        "- rtsp://u:{GHOSTSTREAM_PASSWORD}@h/1\n"
        "- {name: gate, source: 'rtsp://u:{GHOSTSTREAM_PASSWORD}@h/2'}\n"
    )
    flags = {"mqtt": "mqtt://u:{GHOSTSTREAM_PASSWORD}@h", "webhook": ("{GHOSTSTREAM_HOOK}",)}
    monkeypatch.setenv("GHOSTSTREAM_HOOK", "https://h/hook?key=1%2F2")
    config = load_config(path, RunConfig, webhook_secret="{GHOSTSTREAM_PASSWORD}", **flags)
    assert [camera.source for camera in config.cameras] == [
        "rtsp://u:p%40ss@h/1",
        "rtsp://u:p%40ss@h/2",
    ]
    assert config.mqtt == "mqtt://u:p%40ss@h"
    assert config.webhook == ("https://h/hook?key=1%2F2",)
    assert config.webhook_secret is not None
    assert config.webhook_secret.get_secret_value() == "p@ss"
    monkeypatch.delenv("GHOSTSTREAM_HOOK")
    with pytest.raises(ConfigError, match="GHOSTSTREAM_HOOK is not set"):
        load_config(path, RunConfig, **flags)


def test_a_source_given_beside_a_file_replaces_its_cameras(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("cameras: ['0', '1']\n")
    assert len(load_config(path, RunConfig).cameras) == 2
    config = load_config(path, RunConfig, source="clip.mp4")
    assert (config.cameras, config.source) == ((), ("clip.mp4",))
