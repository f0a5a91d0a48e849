"""Cameras for programs: their events, one after the other.

for header, event in watch("rtsp://10.0.0.7/stream1", fps=2):
    print(header.source, event.type, event.after.label)
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ghoststream.config import RunConfig, make_config
from ghoststream.pipeline import with_settings_of_head
from ghoststream.runners.live.reload import ReloadedCameras
from ghoststream.runners.live.run import LiveRun
from ghoststream.runners.local import check_any_read
from ghoststream.runners.outputs import named_outputs
from ghoststream.sinks.live import LiveWatcher
from ghoststream.types import Event, Header, Record


def watch(*sources: str | Path, **settings: object) -> Iterator[tuple[Header, Event]]:
    """Events of any number of cameras, as they happen; lost cameras are connected again.

    It works while somebody asks for the next event, and ends in order when the iterator is closed.
    Results go into outputs (`jsonl`, `evidence`, `mqtt`, ...) as settings name them.

    Args:
        sources: addresses, lists, address files; files with `realtime=True`.
        settings: as the flags of `ghoststream run`: fps, window, enter, roi, evidence, ...

    Returns:
        Each event, and where it comes from: `header.source` is the camera, `header.region` the part
        of the picture.

    Raises:
        ConfigError: settings that do not hold.
        SourceError: all cameras were given up before one of them gave a frame.

    Example:
        >>> for header, event in watch("cameras.txt", fps=2, evidence="evidence"):
        ...     print(header.source, event.type, event.after.label)
    """
    chosen = {**settings, "source": tuple(map(str, sources))}
    config = with_settings_of_head(make_config(RunConfig, chosen))
    told = _Told()
    cameras = ReloadedCameras(config)
    paths = named_outputs(config)
    with LiveRun(config, cameras=cameras, paths=paths, watcher=told) as run:
        while not run.is_over:
            run.step()
            yield from told.emptied()
    yield from told.emptied()
    check_any_read(run.outcomes)


class _Told(LiveWatcher):
    """Keeps events until they are asked for."""

    def __init__(self) -> None:
        self._events: deque[tuple[Header, Event]] = deque()

    def write(self, record: Record, header: Header) -> None:
        if isinstance(record, Event):
            self._events.append((header, record))

    def emptied(self) -> Iterator[tuple[Header, Event]]:
        while self._events:
            yield self._events.popleft()
