"""What every source is: a name to show, and a way to open it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Literal, Protocol, Self

from ghoststream.errors import ConfigError
from ghoststream.types import Counts, Frame, Pixels, Sample, Sampling, StreamInfo


class Stream(Protocol):
    """An open source; reads once, and closes with its `with` block."""

    counts: Counts

    @property
    def info(self) -> StreamInfo: ...

    def frames(self) -> Iterator[Frame]:
        """All of them."""
        ...

    def samples(self, sampling: Sampling, prepare: Callable[[Frame], Pixels]) -> Iterator[Sample]:
        """Those that `sampling` picks, made ready, maybe without decoding the others.

        To be called instead of `frames`; `prepare` is called in any thread.
        """
        ...

    def interrupt(self) -> None:
        """Ends `frames()` before its next frame; may be called from another thread."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Source(Protocol):
    """Somewhere that frames come from. Making one touches nothing; `open` does."""

    @property
    def name(self) -> str:
        """For people and outputs: never holds a password."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether frames come as they are made, so that waiting for them costs some."""
        ...

    def open(self) -> Stream:
        """Opens it; raises a kind of SourceError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How patiently to read."""

    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    """UDP loses packets, which shows as grey smears."""
    open_timeout_seconds: float = 10
    """To wait for an address to answer."""
    read_timeout_seconds: float = 20
    """Of silence after which a live source counts as lost."""
    image_rate: Fraction = Fraction(25)
    """Pictures a second of an image sequence."""

    def __post_init__(self) -> None:
        if self.rtsp_transport not in ("tcp", "udp"):
            raise ConfigError(f"rtsp_transport is {self.rtsp_transport!r}; it is tcp or udp.")
        for name in ("open_timeout_seconds", "read_timeout_seconds", "image_rate"):
            value = getattr(self, name)
            if not 0 < value < 1_000_000:
                setting = name.removesuffix("_seconds")
                raise ConfigError(f"{setting} is {value}; it must be above 0 and below 1000000.")
