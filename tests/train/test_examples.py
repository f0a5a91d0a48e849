from pathlib import Path

import pytest

from ghoststream.errors import DataError
from ghoststream.train.examples import (
    Example,
    check_duplicates,
    check_examples,
    check_splits,
    classes_of,
    read_examples,
)

SUFFIXES = {".mp4"}


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def example(name: str, label: str, **more: object) -> Example:
    values: dict[str, object] = {"path": Path(name), "label": label, "group": name, **more}
    return Example(**values)  # type: ignore[arg-type]


def test_a_folder_is_a_class_and_each_file_its_own_group(tmp_path: Path) -> None:
    touched(tmp_path, "wave/b.MP4", "wave/deep/a.mp4", "nod/c.mp4", "nod/notes.txt", ".x/d.mp4")
    found = read_examples(tmp_path, suffixes=SUFFIXES)
    assert [(e.path.name, e.label) for e in found] == [
        ("c.mp4", "nod"), ("b.MP4", "wave"), ("a.mp4", "wave"),
    ]  # fmt: skip
    assert len({e.group for e in found}) == 3
    assert classes_of(found) == ("nod", "wave")


def test_a_table_says_it_all(tmp_path: Path) -> None:
    touched(tmp_path, "a.mp4")
    path = table(
        tmp_path,
        "path,label,start,end,group,split\n"
        "a.mp4,wave,1.5,3,gate,train\n"
        'a.mp4,"no, d",,1,,\n',
    )  # fmt: skip
    assert read_examples(path, suffixes=SUFFIXES) == [
        Example(path=tmp_path / "a.mp4", label="wave", group="gate", start_seconds=1.5,
                end_seconds=3.0, split="train"),
        Example(path=tmp_path / "a.mp4", label="no, d", group=str(tmp_path / "a.mp4"),
                end_seconds=1.0),
    ]  # fmt: skip


def test_a_folder_with_a_table_is_read_by_it(tmp_path: Path) -> None:
    touched(tmp_path, "wave/a.mp4")
    (tmp_path / "clips.csv").write_text("path,label,group\nwave/a.mp4,wave,gate\n")
    assert [e.group for e in read_examples(tmp_path, suffixes=SUFFIXES)] == ["gate"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns none at all; it needs path and label"),
        ("path,label,grup\n", "columns path, label, grup"),
        ("path,group\n", "it needs path and label"),
        ("path,label\na.mp4,\n", "line 2: needs a path and a label"),
        ("path,label\na.mp4,wave,2\n", "line 2: more cells than columns"),
        (
            'path,label\na.mp4,"no\nd"\n',
            "line 3: the label 'no.*nd' must be printable, in one line",
        ),
        ("path,label,split\na.mp4,wave,tset\n", "line 2: split is 'tset'"),
        ("path,label,start\na.mp4,wave,soon\n", "line 2: start is 'soon'"),
        ("path,label,end\na.mp4,wave,nan\n", "line 2: end is 'nan'; it is a number of seconds"),
        ("path,label,start,end\na.mp4,wave,3,2\n", "line 2: end .2. must come after start .3."),
        ('path,label\na.mp4,"' + "x" * 200_000, "field larger than field limit"),
        ("path,label\nb.mp4,wave\n", "names 1 files that are not there, such as .*b.mp4"),
    ],
)
def test_rows_that_do_not_hold_are_refused(tmp_path: Path, text: str, message: str) -> None:
    touched(tmp_path, "a.mp4")
    with pytest.raises(DataError, match=message):
        read_examples(table(tmp_path, text), suffixes=SUFFIXES)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none\.csv"):
        read_examples(tmp_path / "none.csv", suffixes=SUFFIXES)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="CSV file in UTF-8"):
        read_examples(tmp_path / "x.csv", suffixes=SUFFIXES)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "there are no clips"),
        ([example("a", "wave"), example("b", "wave")], "only the class 'wave'"),
        ([example("a", "wave"), example("b", "wave"), example("c", "nod")], "'nod' has one clip"),
        (
            [example(n, "wave") for n in "ab"] + [example(n, "nod", group="g") for n in "cd"],
            "all clips of class 'nod' are of one group",
        ),
    ],
)
def test_what_nothing_can_be_learnt_from_is_refused(examples: list[Example], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_examples(examples)


def test_a_group_on_both_sides_is_refused() -> None:
    sides = [example("a", "x", group="gate", split="train"), example("b", "x", group="gate")]
    check_splits(sides)
    with pytest.raises(DataError, match="group 'gate' is in split test and in another one"):
        check_splits([*sides, example("c", "x", group="gate", split="test")])


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"label": "nod", "group": "g"}, "label"),
        ({"label": "wave", "group": "h"}, "group"),
        ({"label": "wave", "group": "g", "split": "test"}, "split"),
    ],
)
def test_one_clip_under_two_names_is_refused(other: dict[str, str], what: str) -> None:
    first = example("a", "wave", group="g")
    alike = {Path("a"): "11", Path("b"): "11"}
    check_duplicates([first, example("b", "wave", group="g")], alike)
    check_duplicates([first, example("b", **other)], {Path("a"): "11", Path("b"): "22"})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"b is the same clip as a, with another {what}"):
        check_duplicates([first, example("b", **other)], alike)  # type: ignore[arg-type]


def test_two_spans_of_a_file_are_two_clips() -> None:
    spans = [example("a", "wave", end_seconds=2.0), example("a", "nod", start_seconds=2.0)]
    check_duplicates(spans, {Path("a"): "11"})


def test_a_copy_of_a_file_is_of_its_group_whatever_the_span() -> None:
    spans = [example("a", "wave", end_seconds=2.0), example("b", "nod", start_seconds=2.0)]
    with pytest.raises(DataError, match="b is the same clip as a, with another group"):
        check_duplicates(spans, {Path("a"): "11", Path("b"): "11"})
