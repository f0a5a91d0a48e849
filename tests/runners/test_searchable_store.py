"""Searching a small archive by pictures, moments, stretches, labels and vectors."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from clips import write_clip
from PIL import Image
from small_archive import store_of

from ghoststream import open_store
from ghoststream.archive.moments import Moment
from ghoststream.errors import ConfigError, OutputError, StoreError
from ghoststream.runners import query
from ghoststream.runners.contact_sheet import check_contact_sheet, write_contact_sheet
from ghoststream.runners.saved_clips import clip_name, save_clips
from ghoststream.runners.search import SearchableStore
from ghoststream.video.decode import open_file
from ghoststream.video.moment import frame_at

VIDEOS = {"cat": "me@home/cat@home.mp4", "coffee": "Über uns.mp4", "rocket": "night/rocket.mp4"}


@pytest.fixture(scope="module")
def archive(sample_videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for name, place in VIDEOS.items():
        (folder / place).parent.mkdir(exist_ok=True)
        shutil.copy(sample_videos / f"{name}.mp4", folder / place)
    return folder


@pytest.fixture(scope="module")
def store(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> SearchableStore:
    return open_store(store_of(tmp_path_factory.mktemp("store") / "x.store", archive, fps=2))


@pytest.fixture
def picture(archive: Path, tmp_path: Path) -> Path:
    frame = frame_at(archive / VIDEOS["coffee"], 3.2)
    Image.fromarray(frame.rgb()).save(tmp_path / "query.png")
    return tmp_path / "query.png"


def moment(path: Path, start: float = 1.0, end: float = 2.0, video: str = "0" * 16) -> Moment:
    return Moment(
        video=video,
        path=path,
        source=path.name,
        start_seconds=start,
        end_seconds=end,
        best_seconds=start,
        score=0.5,
        label=None,
        also=(),
    )


def test_a_picture_finds_the_moment_that_it_was_taken_from(
    store: SearchableStore, archive: Path, picture: Path
) -> None:
    best = store.search(image=picture, limit=3)[0]
    assert best.path == archive / VIDEOS["coffee"]
    assert best.start_seconds <= 3.2 < best.end_seconds + 0.5
    assert best.score > 0.9


def test_a_moment_does_not_find_itself(store: SearchableStore, archive: Path) -> None:
    video = archive / VIDEOS["cat"]
    found = store.search(video=f"{video}@3.0", limit=10)
    assert found[0].path == video
    for hit in found:
        assert hit.path != video or hit.end_seconds < 2.1 or hit.start_seconds > 3.9


def test_a_moment_of_another_copy_finds_the_same_moment(
    store: SearchableStore, archive: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(archive / VIDEOS["rocket"], tmp_path / "copy.mp4")
    best = store.search(video=f"{copy}@3.0")[0]
    assert best.path == archive / VIDEOS["rocket"]
    assert best.score > 0.99


def test_a_stretch_is_compared_to_clips(store: SearchableStore, archive: Path) -> None:
    video = archive / VIDEOS["rocket"]
    found = store.search(clip=f"{video}@1-3", limit=5)
    assert found[0].path == video
    assert all(hit.path != video or hit.start_seconds >= 3 for hit in found)
    assert all(hit.label for hit in found)


def test_a_label_alone_needs_no_network(
    store: SearchableStore, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "build_frame_pipeline", None)
    found = open_store(store.address).search(label="espresso", limit=3)
    assert {hit.path for hit in found} == {archive / VIDEOS["coffee"]}
    assert found[0].label == "espresso"


def test_filters_hold(store: SearchableStore, archive: Path, picture: Path) -> None:
    found = store.search(image=picture, path="*/night/*", start_seconds=2, end_seconds=4)
    assert {hit.path for hit in found} == {archive / VIDEOS["rocket"]}
    assert all(hit.end_seconds > 2 and hit.start_seconds < 4 for hit in found)
    named = store.search(image=picture, label="espresso")
    assert {hit.path for hit in named} == {archive / VIDEOS["coffee"]}


def test_a_vector_finds_what_it_was_made_of(store: SearchableStore, archive: Path) -> None:
    batch = next(store.embeddings(where="seconds >= 2", columns=["vector", "video", "seconds"]))
    best = store.search(vector=np.array(batch["vector"][0].as_py(), np.float32), limit=1)[0]
    assert best.video == batch["video"][0].as_py()
    assert best.score > 0.999


def test_the_network_is_loaded_once(
    store: SearchableStore, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []
    build = query.build_frame_pipeline
    monkeypatch.setattr(
        query, "build_frame_pipeline", lambda config: loaded.append(1) or build(config)
    )
    opened = open_store(store.address)
    assert opened.search(image=picture) == opened.search(image=picture)
    assert loaded == [1]


def test_queries_that_make_no_sense_are_said(store: SearchableStore, picture: Path) -> None:
    with pytest.raises(ConfigError, match="no query given; give one of image, video, clip"):
        store.search()
    with pytest.raises(ConfigError, match="image and clip given; give one of"):
        store.search(image=picture, clip="a.mp4@1-2")
    with pytest.raises(ConfigError, match="a limit of 0 moments finds nothing; give 1 or more"):
        store.search(label="espresso", limit=0)
    with pytest.raises(ConfigError, match=r"a vector of shape \(3,\) .* 1280 numbers"):
        store.search(vector=np.zeros(3, np.float32))
    with pytest.raises(StoreError, match=r"there is no store at nowhere"):
        open_store("nowhere")


def test_a_contact_sheet_shows_each_moment(archive: Path, tmp_path: Path) -> None:
    shown = [moment(archive / VIDEOS[name], start=3) for name in VIDEOS]
    assert write_contact_sheet(shown, tmp_path / "new" / "hits.jpg") == []
    with Image.open(tmp_path / "new" / "hits.jpg") as image:
        sheet = np.asarray(image).astype(int)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["hits.jpg"]
    for index, name in enumerate(VIDEOS):
        x = 20 + index * 336 + 40  # a 4:3 picture in a 16:9 place
        tile = sheet[20:200, x : x + 240]
        expected = frame_at(archive / VIDEOS[name], 3).rgb((240, 180))
        assert np.abs(tile - expected).mean() < 5


def test_a_contact_sheet_says_what_has_gone(archive: Path, tmp_path: Path) -> None:
    moments = [moment(tmp_path / "gone.mp4"), moment(archive / VIDEOS["cat"], start=100)]
    lost = write_contact_sheet(moments, tmp_path / "hits.png")
    assert lost[0].endswith("gone.mp4: there is no such file; check the path.")
    assert lost[1].endswith("cat@home.mp4 ends at 6.006 s; 100 s is past that")
    with Image.open(tmp_path / "hits.png") as sheet:
        assert sheet.size == (696, 272)


def test_a_contact_sheet_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"must end in one of \.jpg, \.jpeg, \.png, \.webp"):
        check_contact_sheet(Path("hits.mp4"), 10)
    with pytest.raises(ConfigError, match="at most 200 moments, and --limit is 201; lower it"):
        check_contact_sheet(Path("hits.jpg"), 201)


def test_clips_are_cut_from_the_keyframe_before(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mkv", frames=50, gop=10)
    (saved,) = save_clips([moment(video, start=0.9, end=1.5)], tmp_path / "hits")
    assert saved.path == tmp_path / "hits" / "a@0.900-1.500-0000000000000000.mkv"
    assert saved.cut is not None
    assert (saved.cut.start_seconds, saved.cut.end_seconds) == (0.8, 1.52)
    assert [path.name for path in (tmp_path / "hits").iterdir()] == [saved.path.name]
    with open_file(saved.path) as cut:
        assert len(list(cut.frames())) == 18


def test_names_of_saved_clips_never_collide(tmp_path: Path) -> None:
    same = [moment(tmp_path / place / "a.mp4", video=place * 16) for place in "ab"]
    later = moment(tmp_path / "a" / "a.mp4", start=1.001, video="a" * 16)
    names = {clip_name(each, ".mp4") for each in (*same, later)}
    assert len(names) == 3
    long = moment(Path("x" * 250 + ".mp4"))
    broken = moment(Path("\udcff\n" * 80 + ".mp4"))
    for each in (long, broken, moment(Path("監" * 80 + ".mp4"))):
        name = clip_name(each, ".mp4")
        assert len(f"{name}.partial".encode()) < 255
        assert name.isprintable()


def test_a_clip_that_cannot_be_had_does_not_stop_the_rest(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", frames=50, gop=10)
    wanted = [moment(tmp_path / "gone.mp4"), moment(video, start=7, end=9), moment(video)]
    gone, past, saved = save_clips(wanted, tmp_path / "hits")
    assert gone.path is None
    assert "there is no such file" in str(gone.error)
    assert "shows nothing between 7 and 9 s" in str(past.error)
    assert saved.path is not None
    assert [path.name for path in (tmp_path / "hits").iterdir()] == [saved.path.name]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", frames=50, gop=10)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a part of the path is a file, not a directory"):
        list(save_clips([moment(video)], tmp_path / "file" / "hits"))
    with pytest.raises(OutputError, match="a part of the path is a file, not a directory"):
        write_contact_sheet([moment(video)], tmp_path / "file" / "hits.jpg")
