"""Whatever happens to a writer, a store holds whole videos only."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from stores import (
    RECIPE,
    clip,
    event,
    failed,
    make_store,
    video,
    video_id,
    video_rows,
    with_configuration,
)

from ghoststream.archive.database import connect
from ghoststream.archive.facts import store_facts
from ghoststream.archive.schema import PENDING, RESULTS, VIDEOS, Recipe
from ghoststream.archive.store import Store, open_store
from ghoststream.archive.writer import StoreWriter, VideoRows, open_writer
from ghoststream.errors import OutputError, StoreBusy, StoreError

SMALL = video(
    [[1], [2]],
    clips=[clip(0, 2, [1], {"tabby": 0.5})],
    events=[event("new", "tabby", 0), event("end", "tabby", 0, 2)],
)
STEPS = ("_set_pending", "_add", "_add", "_add", "_put_videos")
"""Of `append`."""
REPLACING_STEPS = (*STEPS, "_delete", "_set_pending")


class Killed(Exception):
    """Stands for the end of the process."""


def held(store: Store) -> dict[str, tuple[int, int, int]]:
    """What readers see: how many frames, clips and events by the name of the video."""
    names = {row["video"]: row["source"] for row in store.videos().to_pylist()}
    counts = {name: [0, 0, 0] for name in names.values()}
    for place, read in enumerate((store.embeddings, store.clips, store.events)):
        for batch in read(columns=["video"]):
            for owner in batch["video"].to_pylist():
                counts[names[owner]][place] += 1
    return {name: (frames, clips, events) for name, (frames, clips, events) in counts.items()}


def rows_in_all(store: Store) -> dict[str, int]:
    """Rows of the tables themselves, those that do not count too."""
    return {name: store.table(name).count_rows() for name in (VIDEOS, PENDING, *RESULTS)}


def killed_before(step: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Lets the writer die before a step of `append`."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        done = 0

        def dying(method: Callable[..., None]) -> Callable[..., None]:
            def run(*arguments: object, **options: object) -> None:
                nonlocal done
                if done == step:
                    raise Killed
                done += 1
                method(*arguments, **options)

            return run

        for name in set(REPLACING_STEPS):
            monkeypatch.setattr(StoreWriter, name, dying(getattr(StoreWriter, name)))

    return patch


def changed(name: str, content: str, frames: int) -> VideoRows:
    """A video at the same path with other content, so with another id."""
    rows = video_rows(name, video([[0]] * frames))
    other = video_rows(content, video([[0]] * frames))
    row = {**rows.row, "video": video_id(content)}
    return VideoRows(row=row, frames=other.frames, clips=other.clips, events=other.events)


def test_an_append_makes_videos_whole(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": failed("torn")})

    assert held(store) == {"a.mp4": (2, 1, 2), "b.mp4": (0, 0, 0)}
    assert store_facts(store).videos_unfinished == 0


def test_an_append_of_nothing_changes_nothing(tmp_path: Path) -> None:
    assert rows_in_all(make_store(tmp_path, {})) == dict.fromkeys((VIDEOS, PENDING, *RESULTS), 0)


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_kill_between_two_steps_tears_nothing(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(tmp_path, {"a.mp4": SMALL})
    with monkeypatch.context() as patch, open_writer(tmp_path, RECIPE) as writer:
        killed_before(step)(patch)
        with pytest.raises(Killed):
            writer.append([video_rows("b.mp4", SMALL), video_rows("c.mp4", SMALL)])

    assert held(open_store(tmp_path)) == {"a.mp4": (2, 1, 2)}

    again = make_store(tmp_path, {"b.mp4": SMALL, "c.mp4": SMALL})
    assert held(again) == dict.fromkeys(["a.mp4", "b.mp4", "c.mp4"], (2, 1, 2))
    assert [rows_in_all(again)[name] for name in (VIDEOS, *RESULTS)] == [3, 6, 3, 6]


@pytest.mark.parametrize("step", range(len(REPLACING_STEPS)))
def test_a_kill_while_a_video_is_replaced_leaves_the_old_or_the_new(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(tmp_path, {"a.mp4": video([[1]] * 3), "b.mp4": SMALL})
    with monkeypatch.context() as patch, open_writer(tmp_path, RECIPE) as writer:
        killed_before(step)(patch)
        with pytest.raises(Killed):
            writer.append([changed("a.mp4", "new", 5)])

    is_new = step > STEPS.index("_put_videos")
    frames = 5 if is_new else 3
    assert held(open_store(tmp_path)) == {"a.mp4": (frames, 0, 0), "b.mp4": (2, 1, 2)}

    with open_writer(tmp_path, RECIPE) as writer:
        writer.append([] if is_new else [changed("a.mp4", "new", 5)])
    assert held(open_store(tmp_path)) == {"a.mp4": (5, 0, 0), "b.mp4": (2, 1, 2)}
    assert rows_in_all(open_store(tmp_path))["frames"] == 7


@pytest.mark.parametrize("step", range(4))
def test_a_kill_while_videos_are_forgotten_leaves_them_or_not(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": SMALL})
    table = type(store.table(VIDEOS))
    deleted = 0
    delete = table.delete

    def dying(self: object, where: str) -> object:
        nonlocal deleted
        if deleted == step:
            raise Killed
        deleted += 1
        return delete(self, where)

    with monkeypatch.context() as patch, open_writer(tmp_path, RECIPE) as writer:
        patch.setattr(table, "delete", dying)
        with pytest.raises(Killed):
            writer.forget([video_id("a.mp4")])

    left = {"b.mp4": (2, 1, 2)} if step else {"a.mp4": (2, 1, 2), "b.mp4": (2, 1, 2)}
    assert held(open_store(tmp_path)) == left
    reopened = make_store(tmp_path, {})
    assert held(reopened) == left
    assert rows_in_all(reopened)["frames"] == 2 * len(left)


def test_a_changed_video_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": SMALL})
    with open_writer(tmp_path, RECIPE) as writer:
        writer.append([changed("a.mp4", "new", 5)])
        writer.append([changed("a.mp4", "newer", 1)])

    store = open_store(tmp_path)
    assert held(store) == {"a.mp4": (1, 0, 0), "b.mp4": (2, 1, 2)}
    assert rows_in_all(store) == {
        VIDEOS: 2,
        PENDING: 0,
        "frames": 3,
        "clips": 1,
        "events": 2,
    }
    assert store.unfinished() == []


def test_a_failed_video_is_replaced_once_it_can_be_read(tmp_path: Path) -> None:
    make_store(tmp_path, {"a.mp4": failed("torn")})
    store = make_store(tmp_path, {"a.mp4": SMALL})

    assert held(store) == {"a.mp4": (2, 1, 2)}
    assert store.videos()["status"].to_pylist() == ["done"]


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_kill_while_a_failed_video_is_tried_again_tears_nothing(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(tmp_path, {"a.mp4": failed("torn"), "b.mp4": SMALL})
    with monkeypatch.context() as patch, open_writer(tmp_path, RECIPE) as writer:
        killed_before(step)(patch)
        with pytest.raises(Killed):
            writer.append([video_rows("a.mp4", SMALL)])

    assert held(open_store(tmp_path)) == {"a.mp4": (0, 0, 0), "b.mp4": (2, 1, 2)}
    again = make_store(tmp_path, {"a.mp4": SMALL})
    assert held(again) == {"a.mp4": (2, 1, 2), "b.mp4": (2, 1, 2)}
    assert rows_in_all(again)["frames"] == 4


def test_what_is_forgotten_can_come_back(tmp_path: Path) -> None:
    make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": SMALL})
    with open_writer(tmp_path, RECIPE) as writer:
        writer.forget([video_id("a.mp4")])
        assert held(open_store(tmp_path)) == {"b.mp4": (2, 1, 2)}
        writer.append([video_rows("a.mp4", SMALL)])
        writer.forget([])

    assert held(open_store(tmp_path)) == {"a.mp4": (2, 1, 2), "b.mp4": (2, 1, 2)}


def test_compaction_changes_no_row(tmp_path: Path) -> None:
    for name in "abcd":
        make_store(tmp_path, {f"{name}.mp4": SMALL})
    with open_writer(tmp_path, RECIPE) as writer:
        assert writer.pieces() == 16
        writer.compact()
        assert writer.pieces() == 4

    assert held(open_store(tmp_path)) == {f"{name}.mp4": (2, 1, 2) for name in "abcd"}


def test_a_table_in_many_pieces_is_compacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(tmp_path, RECIPE) as writer:
        for number in range(4):
            writer.append([video_rows(f"{number}.mp4", video([[number]]))])
        writer.compact_if_scattered(4)
        assert writer.store.table("frames").stats()["fragment_stats"]["num_fragments"] == 4
        writer.compact_if_scattered(3)
        assert writer.store.table("frames").stats()["fragment_stats"]["num_fragments"] == 1


def test_a_second_writer_in_this_process_is_told_so(tmp_path: Path) -> None:
    with (
        open_writer(tmp_path / "s", RECIPE),
        pytest.raises(StoreBusy, match=r"another process writes to .*s; wait until it ends"),
        open_writer(tmp_path / "s", RECIPE),
    ):
        pass
    make_store(tmp_path / "s", {"a.mp4": SMALL})


def test_a_second_process_is_told_so_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    make_store(tmp_path, {})
    program = (
        "import sys\n"
        "from ghoststream.archive.store import open_store\n"
        "from ghoststream.archive.writer import open_writer\n"
        "with open_writer(sys.argv[1], open_store(sys.argv[1]).recipe):\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(StoreBusy), open_writer(tmp_path, RECIPE):
                pass
            assert held(open_store(tmp_path)) == {}
        finally:
            other.kill()
    assert held(make_store(tmp_path, {"a.mp4": SMALL})) == {"a.mp4": (2, 1, 2)}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (with_configuration(hop="2"), "was made with hop 1 instead of 2; vectors made in"),
        (with_configuration(cut="3"), "was made with cut None instead of 3"),
    ],
)
def test_another_recipe_is_refused(recipe: Recipe, message: str, tmp_path: Path) -> None:
    make_store(tmp_path, {"a.mp4": SMALL})
    with pytest.raises(StoreError, match=message), open_writer(tmp_path, recipe):
        pass


def test_other_weights_are_refused(tmp_path: Path) -> None:
    make_store(tmp_path, {})
    message = r"ghostnet_100 abababababab instead of ghostnet_130 cdcdcdcdcdcd"
    other = replace(RECIPE, model="ghostnet_130", weights_sha256="cd" * 32)
    with pytest.raises(StoreError, match=message), open_writer(tmp_path, other):
        pass


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    connect(tmp_path).create_table("cars", [{"wheels": 4}])
    with pytest.raises(StoreError, match="is a database of something else"):
        make_store(tmp_path, {"a.mp4": SMALL})
    assert connect(tmp_path).open_table("cars").count_rows() == 1


def test_a_table_videos_of_something_else_is_left_alone(tmp_path: Path) -> None:
    connect(tmp_path).create_table("videos", [{"title": "Metropolis"}])
    with pytest.raises(StoreError, match="but no store of GhostStream"):
        make_store(tmp_path, {"a.mp4": SMALL})


def test_a_store_that_was_being_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = type(connect(tmp_path))
    create = connection.create_table

    def dying(self: object, name: str, **options: object) -> object:
        if name == VIDEOS:
            raise Killed
        return create(self, name, **options)

    with monkeypatch.context() as patch:
        patch.setattr(connection, "create_table", dying)
        with pytest.raises(Killed):
            make_store(tmp_path, {})
    with pytest.raises(StoreError, match="holds no store"):
        open_store(tmp_path)
    assert held(make_store(tmp_path, {"a.mp4": SMALL})) == {"a.mp4": (2, 1, 2)}


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small disk in memory.

    Skips the test where this may not be done.
    """
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no command to mount a disk")
    if done.returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(store: Path) -> None:
    with open_writer(store, RECIPE) as writer:
        for number in range(100):
            writer.append([video_rows(f"{number}.mp4", video([[0]] * 500))])


def test_a_full_disk_loses_nothing_that_was_whole(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=512k") as disk:
        make_store(disk / "s", {"a.mp4": SMALL})
        with pytest.raises(OutputError, match="the disk is full; free some space and run again"):
            fill(disk / "s")
        counts = held(open_store(disk / "s"))
        assert counts.pop("a.mp4") == (2, 1, 2)
        assert set(counts.values()) <= {(500, 0, 0)}
        # What a store needs to be put in order again is little, but more than nothing.
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert held(make_store(disk / "s", {})) == {"a.mp4": (2, 1, 2), **counts}


def test_a_read_only_store_is_read_and_not_written(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        make_store(disk / "s", {"a.mp4": SMALL})
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert held(open_store(disk / "s")) == {"a.mp4": (2, 1, 2)}
        with pytest.raises(OutputError, match="the file system is read-only"):
            make_store(disk / "s", {"b.mp4": SMALL})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (RuntimeError("lance error: IO error: No space left on device (os)"), "the disk is full"),
        (OSError(30, "Read-only file system"), "the file system is read-only"),
        (OSError(13, "Permission denied"), "permission denied; choose one that you may write"),
        (OSError(5, "Input/output\nerror"), "Input/output error; is the disk all right"),
    ],
)
def test_what_a_disk_says_becomes_a_sentence(
    error: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(StoreWriter, "_add", refuse)
    with pytest.raises(OutputError, match=f"cannot write the store .*: .*{message}"):
        make_store(tmp_path, {"a.mp4": SMALL})
