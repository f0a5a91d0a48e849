"""Files that took time to make, kept for the next start.

    cache = Cache()
    payload = cache.read("a.blob")  # None where it is missing or damaged
    cache.write("a.blob", payload)

The folder is the user's cache folder, or what `GHOSTSTREAM_CACHE` names. It may be emptied at any
time, by anybody.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

log = logging.getLogger(__name__)

DIGEST_BYTES = hashlib.sha256().digest_size


def cache_folder() -> Path:
    """Where files are kept."""
    named = os.environ.get("GHOSTSTREAM_CACHE")
    return Path(named) if named else user_cache_path("ghoststream", appauthor=False)


def cache_key(parts: Mapping[str, object]) -> str:
    """A name that is the same for the same parts, whatever their order, and no others.

    Example:
        >>> cache_key({"model": "ghostnet_100"})
        'e33587230af7b45844c23b12a17a5796'
    """
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


class Cache:
    """Whole files or none: each carries its own sha256, and appears under its name at once.

    A cache is a favour and never a need: one that cannot be written costs a line of the log.

    Args:
        folder: made when the first file is written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()
        self._has_warned = False

    def read(self, name: str) -> bytes | None:
        """What was written under the name; None where that is missing, unreadable or damaged."""
        try:
            with (self.folder / name).open("rb") as file:
                digest, payload = file.read(DIGEST_BYTES), file.read()
        except OSError:
            return None
        if hashlib.sha256(payload).digest() != digest:
            log.warning("%s is damaged, and made anew", self.folder / name)
            return None
        return payload

    def write(self, name: str, payload: bytes) -> bool:
        """Keeps a file; where several processes write the same one, each leaves it whole.

        Returns:
            Whether it is kept.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._replace(self.folder / name, payload)
        except OSError as error:
            self._warn(error)
            return False
        return True

    def _replace(self, path: Path, payload: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor is no path
                file.write(hashlib.sha256(payload).digest())
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            log.warning(
                "cannot keep converted networks in %s (%s), so that each start takes longer; "
                "name another folder in GHOSTSTREAM_CACHE",
                self.folder,
                error.strerror or error,
            )
        self._has_warned = True
