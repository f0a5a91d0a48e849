"""Classes, what shows them, and what belongs together when a head is checked."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ghoststream.errors import Conflict, DataError, Gone, NotThere, Unsuitable
from ghoststream.runners.train.features import labelled_clips
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review
from ghoststream.serve.teach.classes import Classes, TaughtClass
from ghoststream.serve.teach.examples import Examples, Stretch
from ghoststream.serve.teach.lessons import grouped, write_lesson


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with Review(tmp_path / "review.db") as opened:
        yield opened


@pytest.fixture
def examples(review: Review, tmp_path: Path) -> Examples:
    return Examples(review, directory=tmp_path / "kept", ids=MediaIds(b"secret"))


@pytest.fixture
def classes(review: Review, examples: Examples) -> Classes:
    made = Classes(review)
    for name in ("cat", "dog"):
        made.add(name)
    return made


def of_archive(video: str, start: float = 0.0, end: float = 2.0) -> Stretch:
    return Stretch(
        kind="archive",
        source=f"{video}.mp4",
        path=Path(f"/archive/{video}.mp4"),
        start_seconds=start,
        end_seconds=end,
        video=video,
    )


def of_camera(folder: Path, event: str, camera: str = "gate", day: int = 0) -> Stretch:
    clip = folder / f"{event}.mkv"
    clip.write_bytes(event.encode())
    return Stretch(
        kind="camera",
        source=camera,
        path=clip,
        start_seconds=5.0,
        end_seconds=7.0,
        event=event,
        time=86400.0 * day,
    )


def test_a_class_counts_its_examples_and_goes_when_it_has_none(
    classes: Classes, examples: Examples
) -> None:
    (example,) = examples.put("cat", [of_archive("a")])
    assert classes.add("cat") == TaughtClass(name="cat", examples=1)
    assert classes.all() == [
        TaughtClass(name="cat", examples=1),
        TaughtClass(name="dog", examples=0),
    ]
    with pytest.raises(Conflict, match="class 'cat' has 1 examples; remove or move them first"):
        classes.remove("cat")
    examples.remove(example.id)
    classes.remove("cat")
    with pytest.raises(NotThere, match="no class 'cat'"):
        classes.remove("cat")


@pytest.mark.parametrize("name", ["", " cat", "c\nat", "x" * 81])
def test_a_class_has_a_name_that_can_be_shown(classes: Classes, name: str) -> None:
    with pytest.raises(Unsuitable, match="a class is called by 1 to 80 printable characters"):
        classes.add(name)


def test_the_same_stretch_is_one_example_which_may_move(
    classes: Classes, examples: Examples
) -> None:
    first = examples.put("cat", [of_archive("a"), of_archive("a"), of_archive("a", 2.0, 4.0)])
    assert len(examples.of("cat")) == 2
    moved = examples.put("dog", [of_archive("a")])
    assert moved[0].id == first[0].id
    assert [e.start_seconds for e in examples.of("cat")] == [2.0]
    assert [e.path for e in examples.of("dog")] == [Path("/archive/a.mp4")]
    assert len(examples.of()) == 2
    assert len(examples.of(limit=1)) == 1


def test_a_clip_of_a_camera_outlives_its_evidence(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    stretch = of_camera(tmp_path, "event1", day=1)
    (example,) = examples.put("cat", [stretch])
    stretch.path.unlink()
    assert example.path.read_bytes() == b"event1"
    assert example.path.suffix == ".mkv"
    assert (example.day, example.event) == ("1970-01-02", "event1")
    examples.put("dog", [stretch])  # what is kept is enough to move it
    examples.remove(example.id)
    assert list((tmp_path / "kept").iterdir()) == []
    with pytest.raises(NotThere, match="no such example"):
        examples.remove(example.id)


def test_nothing_is_added_where_a_clip_has_gone(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    gone = of_camera(tmp_path, "event1")
    gone.path.unlink()
    with pytest.raises(Gone, match="has been deleted"):
        examples.put("cat", [of_archive("a"), gone])
    assert examples.of() == []


def test_a_lesson_is_what_a_training_reads(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    kept = examples.put("cat", [of_camera(tmp_path, f"e{n}", f"camera{n}") for n in range(2)])
    kept += examples.put("dog", [of_camera(tmp_path, f"d{n}", f"camera{n}") for n in range(2)])
    lesson = write_lesson(tmp_path / "examples.csv", examples.of(), {})
    assert (lesson.examples, lesson.notices) == (4, ())
    read = {clip.path: clip for clip in labelled_clips(lesson.path)}
    clip = read[kept[0].path]
    assert (clip.label, clip.group) == ("cat", "camera camera0")
    assert (clip.start_seconds, clip.end_seconds) == (5.0, 7.0)


def test_copies_of_a_video_are_one_group(classes: Classes, examples: Examples) -> None:
    examples.put("cat", [of_archive("a"), of_archive("copy")])
    groups, notice = grouped(examples.of(), {"a": "1234", "copy": "1234"})
    assert set(groups.values()) == {"video 1234"}
    assert notice is None


def test_days_are_kept_apart_where_there_is_one_camera(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    examples.put("cat", [of_camera(tmp_path, f"c{day}", day=day) for day in range(2)])
    examples.put("dog", [of_camera(tmp_path, f"d{n}", f"camera{n}") for n in range(2)])
    lesson = write_lesson(tmp_path / "examples.csv", examples.of(), {})
    (notice,) = lesson.notices
    assert notice.startswith("all examples of class 'cat' are of one camera, so days were kept")
    rows = csv.DictReader(lesson.path.read_text().splitlines())
    assert {row["group"] for row in rows if row["label"] == "cat"} == {
        "camera gate 1970-01-01",
        "camera gate 1970-01-02",
    }


def test_what_nothing_can_be_learnt_from_is_said(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    table = tmp_path / "examples.csv"
    with pytest.raises(DataError, match="there are no examples; it takes two classes"):
        write_lesson(table, [], {})
    examples.put("cat", [of_archive("a"), of_archive("b")])
    with pytest.raises(DataError, match="only the class 'cat' has examples; it takes two"):
        write_lesson(table, examples.of(), {})
    examples.put("dog", [of_archive("a", 2.0, 3.0), of_archive("a", 4.0, 5.0)])
    with pytest.raises(DataError, match="all examples of class 'dog' are of one video"):
        write_lesson(table, examples.of(), {})
    assert not table.exists()


def test_a_name_that_no_table_holds_is_left_out_and_told(
    classes: Classes, examples: Examples, tmp_path: Path
) -> None:
    for label in ("cat", "dog"):
        examples.put(label, [of_archive(f"{label}{n}") for n in range(2)])
    examples.put("cat", [replace(of_archive("odd"), path=Path("/archive/odd\udcff.mp4"))])
    lesson = write_lesson(tmp_path / "examples.csv", examples.of(), {})
    assert lesson.examples == 4
    assert lesson.notices == (
        "1 examples are left out, since the names of their files are not UTF-8",
    )
