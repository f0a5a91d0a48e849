"""Makes a page of event logs.

made = write_report([Path("events.jsonl")], Path("report.html"))
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghoststream.cores import available_cores
from ghoststream.errors import ConfigError
from ghoststream.report.document import Scenes, choose_pictures, document, find_scenes
from ghoststream.report.page import page
from ghoststream.report.reading import Logs, read_logs
from ghoststream.report.thumbnails import Pictures, Wanted, make_pictures
from ghoststream.report.videos import Videos
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sources.file import shown

THUMBNAILS = 500
MAX_LISTED = 5
SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeReport:
    """What became of it."""

    path: Path
    sources: int
    events: int
    """On the page."""
    thumbnails: int
    size_bytes: int
    notes: tuple[str, ...]
    """Sentences about what the page does not show; it holds them, too."""
    has_losses: bool
    """Whether something of the logs could not be read."""


def check_report_path(path: Path) -> None:
    """Refuses names that no browser would take for a page.

    Raises:
        ConfigError: the name ends in something else.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"a report is a page, so {shown(path)} must end in .html")


def write_report(
    logs: Sequence[Path],
    out: Path,
    *,
    video: Path | None = None,
    thumbnails: int = THUMBNAILS,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: threading.Event | None = None,
) -> MadeReport:
    """One HTML file with everything that logs tell, to be opened without network.

    Args:
        logs: files, or directories of logs as `ghoststream label` writes them.
        out: the page, which is replaced where it is there already.
        video: where the video lies now, or the directory of all videos; unset, where the log says.
        thumbnails: pictures on the page, at most.
        progress: is told how many thumbnails are done, of how many.
        stop: set it, and the page is written with the thumbnails that are there.

    Raises:
        LogError: the logs hold no results.
        ConfigError: `out` is no name for a page, or `video` is none of the log.
        OutputError: the page cannot be written.

    Example:
        >>> write_report([Path("events.jsonl")], Path("report.html")).events
        6
    """
    check_report_path(out)
    read = read_logs(logs)
    _refuse_own_log(read, out)
    videos = Videos(read, out=out, given=video)
    file = AtomicFile(out)
    file.prepare()
    try:
        found = find_scenes(read, videos)
        wanted = choose_pictures(found.scenes, thumbnails)
        pictures = make_pictures(wanted, workers=available_cores(), progress=progress, stop=stop)
        notes = tuple(_notes(read, found, wanted, pictures))
        data = document(read, found, videos=videos, wanted=wanted, pictures=pictures)
        text = page(data, read, notes).encode(errors="replace")
        with output_errors(out):
            file.partial.write_bytes(text)
        file.commit()
    finally:
        file.discard()
    return MadeReport(
        path=out,
        sources=len(read.sources),
        events=len(found.scenes),
        thumbnails=len(pictures.jpegs),
        size_bytes=len(text),
        notes=notes,
        has_losses=bool(read.unreadable_lines or read.torn or read.problems),
    )


def _refuse_own_log(logs: Logs, out: Path) -> None:
    if any(out.exists() and out.samefile(path) for path in logs.files):
        raise ConfigError(f"{shown(out)} is one of the logs; give another path for the page")


def _notes(
    logs: Logs, found: Scenes, wanted: Sequence[Wanted], pictures: Pictures
) -> Iterator[str]:
    """What the page does not show, in words."""
    yield from _shortened(logs.problems, "logs could not be used")
    if logs.torn:
        names = ", ".join(shown(path) for path in logs.torn[:MAX_LISTED])
        yield f"Cut off in the middle of the last line, which is left out: {names}."
    if logs.unreadable_lines:
        yield f"Lines of the logs that are no records, and are left out: {logs.unreadable_lines:,}."
    yield from _notes_on_sources(logs)
    yield from _notes_on_pictures(logs, found, wanted, pictures)


def _notes_on_sources(logs: Logs) -> Iterator[str]:
    left_out = sum(source.left_out for source in logs.sources)
    if left_out:
        yield f"The {left_out:,} weakest events are left out here; the log has all of them."
    outages = sum(source.outages_left_out for source in logs.sources)
    if outages:
        yield f"The {outages:,} oldest outages are left out here; the log has all of them."
    if any(source.series.is_reduced for source in logs.sources):
        yield "Scores over a long time are shown as the best one of each stretch."
    if any(source.is_mixed for source in logs.sources):
        yield (
            "Weights or settings changed while a source was watched; those of its newest part are "
            "told below."
        )


def _notes_on_pictures(
    logs: Logs, found: Scenes, wanted: Sequence[Wanted], pictures: Pictures
) -> Iterator[str]:
    moments = len({scene.wanted for scene in found.scenes if scene.wanted is not None})
    if len(wanted) < moments:
        yield (
            f"Moments without a thumbnail, to keep the page small: {moments - len(wanted):,} of "
            f"{moments:,}; --thumbnails shows more."
        )
    if pictures.is_interrupted:
        missing = len(wanted) - len(pictures.jpegs)
        yield f"Thumbnails that are missing, because making them was interrupted: {missing:,}."
    pairs = zip(logs.sources, found.videos, strict=True)
    gone = [source.name for source, path in pairs if path is None and not source.is_live]
    if len(gone) == 1:
        yield f"{gone[0]} is not where the log says: no thumbnails, and nothing to play."
    elif gone:
        yield (
            f"{len(gone):,} videos are not where the log says, such as {gone[0]}: no thumbnails of "
            "them, and nothing to play; --video names the directory where they lie."
        )
    if found.evidence_gone:
        yield f"Files of evidence that are not there any more: {found.evidence_gone:,}."
    yield from _shortened(list(pictures.problems.values()), "files gave no thumbnail")


def _shortened(sentences: Sequence[str], what: str) -> Iterator[str]:
    yield from sentences[:MAX_LISTED]
    if len(sentences) > MAX_LISTED:
        yield f"{len(sentences) - MAX_LISTED:,} more {what}."
