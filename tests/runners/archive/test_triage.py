"""What is due of an archive, by what the store knows of its files."""

import os
from pathlib import Path

from ghoststream.runners.archive.triage import Catalog, triaged
from ghoststream.sources.archive import ArchiveFile


def file(name: str, size: int = 100, mtime_ns: int = 5) -> ArchiveFile:
    path = Path("/videos") / name
    return ArchiveFile(path=path, relative=Path(name), size_bytes=size, mtime_ns=mtime_ns)


def row(name: str, content: str | None = "c1", status: str = "done") -> dict[str, object]:
    return {
        "video": f"id of {name}",
        "path_bytes": os.fsencode(f"/videos/{name}"),
        "size": 100,
        "mtime_ns": 5,
        "content_sha256": content,
        "status": status,
    }


def test_files_are_told_apart() -> None:
    catalog = Catalog(
        [row("done.mp4"), row("larger.mp4"), row("later.mp4"), row("f.mp4", status="failed")]
    )
    files = [
        file("done.mp4"), file("larger.mp4", size=200), file("later.mp4", mtime_ns=6),
        file("f.mp4"), file("new.mp4", size=300),
    ]  # fmt: skip
    triage = triaged(files, catalog, retry_failed=False)
    assert [str(f.relative) for f in triage.done] == ["done.mp4"]
    assert [str(f.relative) for f in triage.failed] == ["f.mp4"]
    assert [str(f.relative) for f in triage.due] == ["new.mp4", "larger.mp4", "later.mp4"]
    again = triaged(files, catalog, retry_failed=True)
    assert [str(f.relative) for f in again.retried] == ["f.mp4"]
    assert again.failed == ()


def test_a_failed_file_that_has_changed_is_due() -> None:
    triage = triaged(
        [file("a.mp4", size=99)], Catalog([row("a.mp4", status="failed")]), retry_failed=False
    )
    assert [str(f.relative) for f in triage.due] == ["a.mp4"]


def test_contents_may_be_known_by_size_and_ending() -> None:
    catalog = Catalog(
        [row("a.mp4", "c1"), row("b.mp4", "c2"), row("c.h264", "c3"), row("f.mp4", "c4", "failed")]
    )
    assert catalog.contents_like(file("new.mp4")) == {"c1", "c2"}
    assert catalog.contents_like(file("new.mp4", size=101)) == frozenset()
    assert catalog.holding("c2", file("new.mp4")).video == "id of b.mp4"


def test_a_file_is_itself_before_it_is_another_one() -> None:
    catalog = Catalog([row("a.mp4"), row("b.mp4")])
    assert catalog.holding("c1", file("b.mp4")).path == Path("/videos/b.mp4")
    assert catalog.holding("c1", file("z.mp4")).path == Path("/videos/a.mp4")


def test_a_row_takes_the_place_of_the_one_before() -> None:
    catalog = Catalog([row("a.mp4", "c1")])
    catalog.put({**row("a.mp4", "c2"), "size": 7})
    assert catalog.contents_like(file("x.mp4")) == frozenset()
    assert catalog.contents_like(file("x.mp4", size=7)) == {"c2"}
    catalog.drop(Path("/videos/a.mp4"))
    assert catalog.get(Path("/videos/a.mp4")) is None
    assert catalog.contents_like(file("x.mp4", size=7)) == frozenset()
