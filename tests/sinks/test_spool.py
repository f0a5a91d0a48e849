"""What waits for other systems outlives the process, and never outgrows its budget."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ghoststream.errors import ConfigError, OutputError
from ghoststream.sinks.spool import Message, Spool

NEWS = "mqtt://broker"
HOOK = "https://host/hook"


def message(body: str, camera: str = "door") -> Message:
    return Message(camera=camera, kind="events", body=body.encode())


def bodies(spool: Spool, destination: str) -> list[str]:
    return [w.message.body.decode() for w in spool.peek(destination, limit=1000)]


def opened(directory: Path, *, max_bytes: int = 1_000_000) -> Spool:
    return Spool(directory, max_bytes=max_bytes, notices=pytest.fail)


def test_each_destination_has_its_own_line_in_order(tmp_path: Path) -> None:
    with opened(tmp_path) as spool:
        for text in ("a", "b", "c"):
            spool.put([NEWS, HOOK], message(text))
        first, second = spool.peek(NEWS, limit=2)
        spool.remove([first.id, second.id])
        assert bodies(spool, NEWS) == ["c"]
        assert bodies(spool, HOOK) == ["a", "b", "c"]
        assert (spool.depth(NEWS), spool.depth(HOOK), spool.depth("unknown")) == (1, 3, 0)
        assert spool.waiting() == {NEWS: 1, HOOK: 3}


def test_a_message_comes_back_as_it_was_after_a_restart(tmp_path: Path) -> None:
    sent = message('{"label":"Tür"}', camera="hof")
    with opened(tmp_path / "new" / "spool") as spool:
        spool.put([NEWS], sent)
    with opened(tmp_path / "new" / "spool") as spool:
        assert [w.message for w in spool.peek(NEWS, limit=9)] == [sent]


def test_the_oldest_of_the_longest_line_are_dropped_and_counted_on_disk(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=3000) as spool:
        spool.put([HOOK], message("kept"))
        for number in range(10):
            spool.put([NEWS], message(f"{number}" * 800))
        assert [text[0] for text in bodies(spool, NEWS)] == ["8", "9"]
        assert bodies(spool, HOOK) == ["kept"]
    with opened(tmp_path, max_bytes=3000) as spool:
        assert (spool.dropped(NEWS), spool.dropped(HOOK)) == (8, 0)
    with opened(tmp_path, max_bytes=1500) as spool:
        assert (spool.depth(NEWS), spool.dropped(NEWS)) == (1, 9)


def test_what_was_dropped_while_it_was_sent_is_no_error(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=1500) as spool:
        spool.put([NEWS], message("1" * 1000))
        (sending,) = spool.peek(NEWS, limit=1)
        spool.put([NEWS], message("2" * 1000))
        spool.remove([sending.id])
        assert (spool.depth(NEWS), spool.dropped(NEWS)) == (1, 1)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(ConfigError, match="another process uses the spool"):
        opened(tmp_path)
    opened(tmp_path).close()


def test_a_closed_spool_says_so(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.close()
    with pytest.raises(OutputError, match="cannot use the spool"):
        spool.put([NEWS], message("late"))


def filled(directory: Path) -> Path:
    with opened(directory) as spool:
        for _ in range(100):
            spool.put([NEWS], message("x" * 500))
    return directory / "spool.sqlite3"


def rubbish_all(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def rubbish_within(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 12_288)


@pytest.mark.parametrize("damage", [rubbish_all, rubbish_within])
def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: object) -> None:
    path = filled(tmp_path)
    assert callable(damage)
    damage(path)
    damaged = path.read_bytes()
    notices: list[str] = []
    with Spool(tmp_path, max_bytes=10**6, notices=notices.append) as spool:
        spool.put([NEWS], message("new"))
        assert bodies(spool, NEWS) == ["new"]
    (notice,) = notices
    assert "is damaged" in notice
    assert "spool.damaged-1" in notice
    assert (tmp_path / "spool.damaged-1").read_bytes() == damaged


def test_a_second_damage_gets_another_name(tmp_path: Path) -> None:
    for _ in range(2):
        rubbish_all(tmp_path / "spool.sqlite3")
        Spool(tmp_path, max_bytes=10**6, notices=lambda _: None).close()
    assert sorted(p.name for p in tmp_path.glob("spool.damaged-?")) == [
        "spool.damaged-1",
        "spool.damaged-2",
    ]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a part of the path is a file"):
        opened(tmp_path / "file" / "spool")


WRITER = """
import sys
from ghoststream.sinks.spool import Message, Spool
spool = Spool(sys.argv[1], max_bytes=10**8, notices=print)
for number in range(10**6):
    spool.put(["a", "b"], Message(camera="c", kind="events", body=str(number).encode()))
    print(number, flush=True)
"""


def test_a_kill_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        taken = [int(next(writer.stdout)) for _ in range(300)]
        writer.send_signal(signal.SIGKILL)
        taken += [int(line) for line in writer.stdout if line.endswith("\n")]
    with opened(tmp_path, max_bytes=10**8) as spool:
        kept = [int(w.message.body) for w in spool.peek("a", limit=10**6)]
        assert kept[: len(taken)] == taken
        assert len(kept) in (len(taken), len(taken) + 1)
        assert spool.depth("a") == spool.depth("b") == len(kept)


def test_putting_is_quick(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=10**8) as spool:
        start = time.perf_counter()
        for _ in range(500):
            spool.put([NEWS, HOOK], message("x" * 800))
        assert time.perf_counter() - start < 5
