"""`ghoststream search` as its users meet it."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from small_archive import store_of

from ghoststream.cli import main
from ghoststream.video.decode import open_file
from ghoststream.video.moment import frame_at

VIDEOS = {"cat": "a cat.mp4", "coffee": "Über.mp4", "rocket": "rocket.mp4"}


@pytest.fixture(scope="module")
def archive(sample_videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for name, place in VIDEOS.items():
        shutil.copy(sample_videos / f"{name}.mp4", folder / place)
    return folder


@pytest.fixture(scope="module")
def store(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("store") / "x.store", archive, fps=2)


def search(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["search", *map(str, arguments)])


def test_people_get_a_line_a_moment_that_can_be_pasted_back(store: Path, archive: Path) -> None:
    done = search(store, "--label", "espresso", "--limit", 2)
    assert done.exit_code == 0, done.output
    score, place, label = re.split("  +", done.stdout.splitlines()[0])[:3]
    assert re.fullmatch(r"0\.\d\d\d", score)
    assert label == "espresso"
    (pasted,) = shlex.split(place)
    assert re.fullmatch(rf"{re.escape(str(archive))}/Über\.mp4@[\d.]+-[\d.]+", pasted)
    again = search(store, "--clip", pasted)
    assert again.exit_code == 0, again.output
    assert len(again.stdout.splitlines()) > 1


def test_machines_get_one_object(store: Path, archive: Path) -> None:
    done = search(store, "--video", f"{archive / VIDEOS['cat']}@3", "--limit", 3, "--json")
    assert done.exit_code == 0, done.output
    moments = json.loads(done.stdout)["moments"]
    assert len(moments) == 3
    assert set(moments[0]) == {
        "video", "path", "source", "start", "end", "best", "score", "label", "also",
    }  # fmt: skip
    assert moments[0]["path"] == str(archive / VIDEOS["cat"])
    assert moments[0]["start"] <= moments[0]["best"] < moments[0]["end"]
    assert moments[0]["score"] >= moments[1]["score"] >= moments[2]["score"]


def test_moments_are_drawn_and_cut_out(store: Path, archive: Path, tmp_path: Path) -> None:
    Image.fromarray(frame_at(archive / VIDEOS["coffee"], 3).rgb()).save(tmp_path / "q.jpg")
    done = search(
        store, "--image", tmp_path / "q.jpg", "--limit", 2, "--path", "*Über*",
        "--contact-sheet", tmp_path / "hits.jpg", "--save-clips", tmp_path / "hits",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"contact sheet: {tmp_path / 'hits.jpg'}" in done.stderr
    with Image.open(tmp_path / "hits.jpg") as sheet:
        assert sheet.height == 272
    saved = sorted((tmp_path / "hits").iterdir())
    assert len(saved) == len(done.stdout.splitlines())
    for path in saved:
        assert re.search(rf"saved {re.escape(str(path))}(, begins \d\.\d\d s earlier, at a k|$)",
                         done.stderr, re.MULTILINE)  # fmt: skip
        with open_file(path) as video:
            assert len(list(video.frames())) > 0


def test_what_was_written_stands_in_the_json(store: Path, archive: Path, tmp_path: Path) -> None:
    done = search(
        store, "--clip", f"{archive / VIDEOS['rocket']}@0-2", "--limit", 1, "--json",
        "--contact-sheet", tmp_path / "hits.png", "--save-clips", tmp_path / "hits",
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["contact_sheet"] == str(tmp_path / "hits.png")
    (clip,) = result["clips"]
    assert Path(clip["path"]).is_file()
    assert clip["start"] <= result["moments"][0]["start"]
    assert done.stderr == ""


def test_nothing_found_is_no_failure(store: Path, archive: Path, tmp_path: Path) -> None:
    done = search(
        store, "--video", f"{archive / VIDEOS['cat']}@3", "--path", "no such path",
        "--contact-sheet", tmp_path / "hits.jpg",
    )  # fmt: skip
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing found\n")
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_has_gone_is_told_and_counted(sample_videos: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    video = Path(shutil.copy(sample_videos / "coffee.mp4", tmp_path / "archive"))
    store = store_of(tmp_path / "x.store", tmp_path / "archive", fps=1)
    video.unlink()
    done = search(
        store, "--label", "espresso", "--contact-sheet", tmp_path / "hits.jpg",
        "--save-clips", tmp_path / "hits",
    )  # fmt: skip
    assert done.exit_code == 3
    assert f"Warning: {video}: there is no such file; check the path." in done.stderr
    assert (tmp_path / "hits.jpg").is_file()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        ([], 2, "no query given; give one of image, video, clip, vector and label"),
        (["--image", "q.jpg", "--video", "{cat}@1"], 2, "image and video given; give one of"),
        (["--image", "none.jpg"], 4, "none.jpg: there is no such file"),
        (["--image", "{cat}"], 4, "a cat.mp4: it cannot be decoded as a picture"),
        (["--video", "{cat}"], 2, "names no moment of a video; write VIDEO@SECONDS"),
        (["--video", "{cat}@6.1"], 2, "a cat.mp4 ends at 6.006 s; 6.1 s is past that"),
        (["--video", "{cat}@-1"], 2, "a cat.mp4 begins at 0 s; -1 s is before that"),
        (["--video", "none.mp4@1"], 4, "none.mp4: there is no such file"),
        (["--clip", "{cat}@7-8"], 2, "a cat.mp4 ends at 6.006 s; 7 s is past that"),
        (["--clip", "{cat}@3-3"], 2, "is empty: it must end after it starts"),
        (["--label", "espresso", "--contact-sheet", "hits.mp4"], 2, "must end in one of .jpg"),
        (["--video", "{cat}@1", "--weights", "none.pth"], 2, "there is no weights file"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence(
    arguments: list[str],
    exit_code: int,
    message: str,
    store: Path,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = [argument.format(cat=archive / VIDEOS["cat"]) for argument in arguments]
    done = search(store, *filled)
    assert done.exit_code == exit_code
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_there_must_be_a_store(tmp_path: Path) -> None:
    done = search(tmp_path / "none", "--label", "tabby")
    assert done.exit_code == 2
    assert f"there is no store at {tmp_path / 'none'}" in done.stderr
