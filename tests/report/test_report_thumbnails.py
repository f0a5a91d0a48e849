import io
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import index_of, write_clip
from PIL import Image
from report_logs import CAMERA, UNIX, event, event_name, evidence, header, plain_log, write_log

from ghoststream.report.document import Scene, choose_pictures, find_scenes
from ghoststream.report.reading import read_logs
from ghoststream.report.source_log import LoggedEvent
from ghoststream.report.thumbnails import Wanted, make_pictures
from ghoststream.report.videos import Videos


def scene(number: int, score: float) -> Scene:
    found = LoggedEvent(
        id=str(number),
        lane="cat",
        start_seconds=number,
        end_seconds=None,
        score=score,
        best_seconds=number,
        best_score=score,
    )
    return Scene(source=0, event=found, wanted=Wanted(path=Path("a.mp4"), seconds=number))


def test_pictures_show_their_moment_and_what_fails_is_told(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", frames=20, rate=Fraction(10), size=(320, 240))
    (tmp_path / "bad.mp4").write_bytes(b"this is no video")
    Image.fromarray(np.zeros((300, 200, 3), np.uint8)).save(tmp_path / "kept.jpg")
    wanted = [
        Wanted(path=video, seconds=0.5),
        Wanted(path=tmp_path / "bad.mp4", seconds=0.5),
        Wanted(path=video, seconds=1.5),
        Wanted(path=video, seconds=99),
        Wanted(path=tmp_path / "kept.jpg", seconds=None),
    ]
    pictures = make_pictures(wanted, workers=1)
    shown = {place: Image.open(io.BytesIO(jpeg)) for place, jpeg in pictures.jpegs.items()}
    assert {place: image.size for place, image in shown.items()} == {
        0: (160, 120),
        2: (160, 120),
        4: (107, 160),
    }
    assert [index_of(np.asarray(shown[place])) for place in (0, 2)] == [5, 15]
    assert set(pictures.problems) == {tmp_path / "bad.mp4", video}
    assert "99 s is past that" in pictures.problems[video]


def test_nothing_wanted_starts_no_process() -> None:
    assert make_pictures([], workers=1).jpegs == {}


def test_who_stops_gets_what_is_there() -> None:
    stop = threading.Event()
    stop.set()
    wanted = [Wanted(path=Path("a.mp4"), seconds=second) for second in range(100)]
    pictures = make_pictures(wanted, workers=1, stop=stop)
    assert (pictures.jpegs, pictures.is_interrupted) == ({}, True)


def test_with_too_many_moments_each_stretch_shows_its_most_certain() -> None:
    scenes = [scene(number, 0.9 if number % 10 == 3 else 0.2) for number in range(100)]
    chosen = choose_pictures(scenes, 10)
    assert [wanted.seconds for wanted in chosen] == [3, 13, 23, 33, 43, 53, 63, 73, 83, 93]
    assert choose_pictures(scenes, 0) == []


def test_events_at_one_moment_share_a_picture() -> None:
    assert len(choose_pictures([scene(1, 0.2), scene(1, 0.4), scene(2, 0.3)], 10)) == 2


def test_a_camera_shows_the_clip_of_its_best_moment(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4", "kept.jpg"):
        (tmp_path / name).write_bytes(b"")
    name = event_name(UNIX)
    lines = [header(CAMERA), event(start=UNIX, end=UNIX + 15, of=CAMERA)]
    lines += [evidence("gone.mp4", UNIX - 8, name), evidence("one.mp4", UNIX - 5, name)]
    lines += [evidence("two.mp4", UNIX + 5, name), evidence("kept.jpg", UNIX, name, is_clip=False)]
    logs = read_logs([write_log(tmp_path / "a.jsonl", lines)])
    found = find_scenes(logs, Videos(logs, out=tmp_path / "page.html", given=None))
    (shown,) = found.scenes
    assert shown.clip == tmp_path / "two.mp4"
    assert shown.clip_start_seconds == UNIX + 5
    assert shown.wanted == Wanted(path=tmp_path / "kept.jpg", seconds=None)
    assert found.evidence_gone == 1


@pytest.mark.parametrize("name", ["https://example.org/a.mp4", "no\x00file", "x" * 5000])
def test_what_is_no_file_is_not_looked_for(tmp_path: Path, name: str) -> None:
    logs = read_logs([plain_log(tmp_path / "a.jsonl", name)])
    videos = Videos(logs, out=tmp_path / "page.html", given=None)
    assert videos.path_of(logs.sources[0]) is None
