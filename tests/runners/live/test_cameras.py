"""From settings to cameras."""

import pickle
from fractions import Fraction
from pathlib import Path

import pytest

from ghoststream.config import RunConfig, make_config
from ghoststream.errors import ConfigError
from ghoststream.runners.live.cameras import (
    CameraPlan,
    is_live_run,
    named_regions,
    needs_plain_run,
    plan_cameras,
    runs_live,
)
from ghoststream.sampling import AtFps, Keyframes
from ghoststream.sources import open_sources


def settings(**values: object) -> RunConfig:
    return make_config(RunConfig, values)


def names(*sources: str, **values: object) -> list[str]:
    return [plan.name for plan in plan_cameras(settings(source=sources, **values))]


def plan(password: str) -> CameraPlan:
    (made,) = plan_cameras(settings(source=f"rtsp://admin:{password}@10.0.0.7/1"))
    return made


def test_each_camera_has_what_it_says_and_else_what_all_have() -> None:
    gate = {
        "name": "gate",
        "source": "rtsp://10.0.0.7/1",
        "fps": "1/2",
        "roi": {"door": [0.5, 0, 0.25, 1]},
        "rtsp_transport": "udp",
    }
    cameras = [gate, "rtsp://10.0.0.8/1"]
    first, second = plan_cameras(settings(cameras=cameras, fps=2, roi=["yard=0,0.5,1,0.5"]))
    assert (first.name, first.sampling) == ("gate", AtFps(rate=Fraction(1, 2)))
    assert first.regions == (("door", (0.5, 0, 0.75, 1)),)
    assert first.source.access().options["rtsp_transport"] == "udp"
    assert (second.name, second.sampling) == ("rtsp://10.0.0.8/1", AtFps(rate=Fraction(2)))
    assert second.regions == (("yard", (0, 0.5, 1, 1)),)
    assert second.source.access().options["rtsp_transport"] == "tcp"


def test_settings_are_those_that_decide_a_camera_s_results() -> None:
    own = {"source": "rtsp://a/1", "fps": "1/2", "roi": {"door": ["1/4", 0, "1/2", 1]}}
    config = make_config(
        RunConfig, {"cameras": [own, "rtsp://b/1"], "keyframes": True, "window": 3}
    )
    one, other = (plan.settings for plan in plan_cameras(config))
    assert (one["fps"], one["keyframes"], one["window"]) == ("1/2", False, "3")
    assert one["roi"] == {"door": ["1/4", "0", "1/2", "1"]}
    assert (other["fps"], other["keyframes"], other["window"]) == (None, True, "3")
    assert "roi" not in other
    assert "source" not in one


def test_sampling_of_all_cameras_may_be_of_any_kind() -> None:
    (made,) = plan_cameras(settings(cameras=["0"], keyframes=True))
    assert (made.name, made.sampling, made.regions) == (
        "/dev/video0",
        Keyframes(),
        ((None, (0, 0, 1, 1)),),
    )


def test_names_show_no_password_and_are_told_apart() -> None:
    addresses = ("rtsp://u:one@10.0.0.7/1", "rtsp://u:two@10.0.0.7/1", "rtsp://10.0.0.8/1")
    assert names(*addresses) == ["rtsp://10.0.0.7/1", "rtsp://10.0.0.7/1 2", "rtsp://10.0.0.8/1"]
    assert names("0", cameras=[{"name": "/dev/video0", "source": "1"}]) == [
        "/dev/video0",
        "/dev/video0 2",
    ]


def test_a_name_that_is_given_twice_is_refused() -> None:
    cameras = [{"name": "gate", "source": "0"}, {"name": "gate", "source": "1"}]
    with pytest.raises(ConfigError, match="two cameras are called 'gate'"):
        settings(cameras=cameras)


def test_plans_are_equal_only_with_the_same_password_which_they_do_not_show() -> None:
    assert plan("hush") == plan("hush")
    assert plan("hush") != plan("other")
    assert "hush" not in repr(plan("hush"))


def test_a_list_of_addresses_is_one_camera_a_line(tmp_path: Path) -> None:
    path = tmp_path / "cameras.txt"
    path.write_text("rtsp://10.0.0.7/1\nrtsp://10.0.0.8/1\n")
    assert names(str(path)) == ["rtsp://10.0.0.7/1", "rtsp://10.0.0.8/1"]
    with pytest.raises(ConfigError, match="stands for 2 sources"):
        plan_cameras(settings(cameras=[str(path)]))


def test_files_are_cameras_in_real_time_only() -> None:
    with pytest.raises(ConfigError, match=r"clip\.mp4: a file among cameras .* set realtime"):
        names("rtsp://10.0.0.7/1", "clip.mp4")
    camera, file = plan_cameras(
        settings(source=["rtsp://10.0.0.7/1", "clip.mp4"], realtime=True, loop=True)
    )
    assert (camera.is_paced, camera.is_looped) == (False, False)
    assert (file.is_paced, file.is_looped) == (True, True)


def test_pictures_are_no_cameras() -> None:
    with pytest.raises(ConfigError, match=r"shot\.png: pictures cannot be watched"):
        names("shot.png", realtime=True)


def test_nothing_to_watch() -> None:
    with pytest.raises(ConfigError, match="nothing to watch"):
        names()


def test_regions_reach_the_far_edge_exactly() -> None:
    tenth = Fraction(1, 10)
    assert named_regions({"a": (7 * tenth, tenth, 3 * tenth, 9 * tenth)}) == (
        ("a", (0.7, 0.1, 1.0, 1.0)),
    )


@pytest.mark.parametrize(
    ("values", "is_live"),
    [
        ({"source": "clip.mp4"}, False),
        ({"source": "clip.mp4", "realtime": True}, True),
        ({"source": "rtsp://10.0.0.7/1"}, True),
        ({"source": ["clip.mp4", "0"]}, True),
        ({"cameras": ["0"]}, True),
    ],
)
def test_which_runs_watch_cameras(values: dict[str, object], is_live: bool) -> None:
    config = settings(**values)
    sources = [source for address in config.source for source in open_sources(address)]
    assert is_live_run(config, sources) is is_live
    assert runs_live(config, sources) is is_live


def test_one_camera_with_an_annotated_video_is_read_once() -> None:
    config = settings(source="0", annotate="out.mp4")
    assert needs_plain_run(config, open_sources("0"))
    assert not runs_live(config, open_sources("0"))
    assert not needs_plain_run(settings(source="0"), open_sources("0"))


@pytest.mark.parametrize(
    "values",
    [{"cameras": ["0"]}, {"source": ["0", "1"]}, {"source": "clip.mp4", "realtime": True}],
)
def test_several_cameras_have_no_annotated_video(values: dict[str, object]) -> None:
    config = settings(**values, vtt="out.vtt")
    sources = [source for address in config.source for source in open_sources(address)]
    with pytest.raises(ConfigError, match="vtt can be had of files, or of one camera"):
        runs_live(config, sources)


def test_settings_of_cameras_are_not_ignored_where_there_are_none() -> None:
    config = settings(source="clip.mp4", evidence="kept", mqtt="mqtt://u:hush@broker")
    with pytest.raises(ConfigError, match="evidence, mqtt: only where cameras") as caught:
        runs_live(config, open_sources("clip.mp4"))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("source", ["rtsp://u:hush@10.0.0.7/1", "0", __file__])
def test_how_to_open_a_camera_can_be_told_to_another_process(source: str) -> None:
    (made,) = plan_cameras(settings(source=source, realtime=True))
    access = made.source.access()
    assert pickle.loads(pickle.dumps(access)) == access
    assert "hush" not in repr(access)
