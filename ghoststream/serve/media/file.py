"""A file that a browser may be shown a part of."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ghoststream.errors import Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A video or picture, as it was when it was looked at; its path never comes from a request."""

    path: Path
    size: int
    """In bytes."""
    mtime_ns: int
    name: str
    """As people know it."""

    def require_unchanged(self) -> None:
        """Looks at the disk, so it is to be called in a thread.

        Raises:
            Gone: the file is not there any more, or not as it was.
        """
        try:
            status = self.path.stat()
        except OSError as error:
            raise Gone(
                f"the file of {self.name} is not there any more, or cannot be read"
            ) from error
        if (status.st_size, status.st_mtime_ns) != (self.size, self.mtime_ns):
            raise Gone(f"the file of {self.name} has changed since it was looked at")

    def key(self, *parts: object) -> str:
        """A name for what is made of this file, as it is, and in no other way."""
        text = "\0".join(map(repr, (self.path, self.size, self.mtime_ns, *parts)))
        return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:40]
