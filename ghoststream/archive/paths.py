"""Videos of a store, chosen by where they lie.

chosen(store.videos(), ["/archive/gate/*", "*.dav"])["video"]
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pyarrow as pa


def chosen(videos: pa.Table, patterns: Sequence[str]) -> pa.Table:
    """The rows of videos that match at least one pattern.

    Args:
        videos: rows of the table `videos`, with their columns `path` and `source`.
        patterns: globs for the whole path, the name in the archive, or the name alone; `*` stands
            for any text, with slashes in it too.
    """
    rows = zip(videos["path"].to_pylist(), videos["source"].to_pylist(), strict=True)
    return videos.filter(pa.array([_matches(*row, patterns) for row in rows], pa.bool_()))


def _matches(path: str, source: str, patterns: Sequence[str]) -> bool:
    names = (path, source, PurePosixPath(path).name)
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
