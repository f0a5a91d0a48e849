"""Where the videos of a log lie now, and how a page refers to them.

videos = Videos(logs, out=Path("report.html"), given=None)
videos.path_of(source)
"""

import os
from pathlib import Path
from urllib.parse import quote

from ghoststream.errors import ConfigError
from ghoststream.report.reading import Logs
from ghoststream.report.source_log import SourceLog
from ghoststream.sources.file import shown


class Videos:
    """Finds files that a log speaks of.

    Args:
        logs: which were read.
        out: where the page will lie; links count from there.
        given: a video, or a directory of videos, that somebody has named for this page.

    Raises:
        ConfigError: the given one is not there, or is none of those that the log speaks of.
    """

    def __init__(self, logs: Logs, *, out: Path, given: Path | None) -> None:
        self._directory, self._given = logs.directory, given
        self._beside = out.absolute().parent
        files = [source for source in logs.sources if not source.is_live]
        self._is_only_one = len(files) == 1
        if given is not None:
            self._check(given, files)

    def path_of(self, source: SourceLog) -> Path | None:
        """The video of a source; None for a camera or an address, or where it has gone."""
        if source.is_live or "://" in source.name:
            return None
        return next((path for path in self._candidates(source) if _is_file(path)), None)

    def file_of(self, name: str, source: SourceLog) -> Path | None:
        """A file of evidence; None where it has gone."""
        places = [Path(name), Path(source.folder) / name]
        return next((path for path in places if _is_file(path)), None)

    def link_to(self, path: Path) -> str:
        """Relative to the page, so that both can move together.

        Example:
            >>> videos.link_to(Path("/videos/a b.mp4"))
            '../videos/a%20b.mp4'
        """
        relative = os.path.relpath(path, self._beside)
        return quote(os.fsencode(relative))

    def _candidates(self, source: SourceLog) -> list[Path]:
        name = Path(source.name)
        if self._given is not None and self._given.is_dir():
            return [self._given / name, self._given / name.name]
        if self._given is not None and (self._is_only_one or self._given.name == name.name):
            return [self._given]
        places = [name, Path(source.folder) / name]
        return places if self._directory is None else [self._directory / name, *places]

    def _check(self, given: Path, files: list[SourceLog]) -> None:
        if not given.exists():
            raise ConfigError(f"--video {shown(given)} is not there; name a video or a directory")
        is_known = self._is_only_one or any(Path(each.name).name == given.name for each in files)
        if not (given.is_dir() or is_known):
            raise ConfigError(
                f"--video {shown(given)} is none of the videos of the log; name a directory where "
                "they lie"
            )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
