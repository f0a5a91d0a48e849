"""Cameras that come and go while a run lasts: its files are looked at again and again.

cameras = ReloadedCameras(config, pipeline=Path("cameras.yaml"), hangup=hangup)
start(cameras.plans)
while running:
    if change := cameras.poll(): ...
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ghoststream.config import RunConfig, load_config
from ghoststream.errors import GhostStreamError
from ghoststream.pipeline import with_settings_of_head
from ghoststream.runners.live.cameras import CameraPlan, plan_cameras
from ghoststream.sources.grammar import ADDRESS_SUFFIXES, LIST_SUFFIXES, MAX_TEXT_BYTES

LOOK_SECONDS = 1.0

APPLIED = ("cameras", "source", "roi")
"""Settings that cameras are made of; the rest holds for the run as a whole."""

Content: TypeAlias = tuple[tuple[Path, bytes | None], ...]
"""A hash for each file; None for one that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What another look at the files has brought."""

    added: tuple[CameraPlan, ...] = ()
    removed: tuple[str, ...] = ()
    """Their names."""
    changed: tuple[CameraPlan, ...] = ()
    """As they are to be from now on."""
    notices: tuple[str, ...] = ()
    """Sentences for whoever runs it, without passwords."""


class ReloadedCameras:
    """The cameras that a pipeline file, lists and address files name, now and later.

    A file that does not hold, or has vanished, changes nothing. An edit counts when two looks in a
    row have found it, so that a file that is being written is not read half-way; after a hangup it
    counts at once. All methods are to be called in one thread.

    Args:
        config: of the run, as it was read when it began.
        pipeline: the file that it came from; None where there was none.
        overrides: flags that win over the file.
        hangup: set from outside to have everything read again at once; cleared here.
        clock: in seconds; runs forward only.

    Raises:
        ConfigError, SourceError: as `plan_cameras` does, for the cameras to begin with; or there is
            no such file.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        pipeline: Path | None = None,
        overrides: Mapping[str, object] | None = None,
        hangup: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._pipeline, self._overrides = config, pipeline, dict(overrides or {})
        self._hangup, self._clock = hangup or threading.Event(), clock
        self._newest = config
        self._seen = self._content()
        # Nothing yet: an edit since the settings were read is found at the second look.
        self._applied: Content | None = None
        self._next_look = clock() + LOOK_SECONDS
        self.plans = _planned(config)
        """Of the cameras that are to be watched now."""

    def poll(self) -> Change | None:
        """What has changed since the last call; None for nothing.

        To be called as often as is convenient: it looks at the files once a second.
        """
        if self._hangup.is_set():
            self._hangup.clear()
            return self._reload(self._content())
        now = self._clock()
        if now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        return self._look()

    def _look(self) -> Change | None:
        before, self._seen = self._seen, self._content()
        is_settled = self._seen == before
        return self._reload(self._seen) if is_settled and self._seen != self._applied else None

    def _reload(self, content: Content) -> Change | None:
        self._seen = self._applied = content
        try:
            config = self._read()
            plans = _planned(self._config.model_copy(update=_chosen(config)))
        except GhostStreamError as error:
            return Change(notices=(f"the cameras stay as they are: {error}",))
        self._newest = config
        # Another set of files may be named now. Those that were read keep the hash from before
        # reading: an edit since then counts at the next look.
        known = dict(content)
        self._seen = tuple((path, known.get(path, new)) for path, new in self._content())
        self._applied = self._seen
        before, self.plans = self.plans, plans
        change = _difference(before, plans, notices=_to_restart(self._config, config))
        return change if change != Change() else None

    def _read(self) -> RunConfig:
        if self._pipeline is None:
            return self._config
        return with_settings_of_head(load_config(self._pipeline, RunConfig, **self._overrides))

    def _content(self) -> Content:
        pipeline = [self._pipeline] if self._pipeline is not None else []
        return tuple((path, _hash(path)) for path in (*pipeline, *_text_files(self._newest)))


def _planned(config: RunConfig) -> tuple[CameraPlan, ...]:
    """Files have to be there: what is a slip of the pen would be tried again without end."""
    plans = plan_cameras(config)
    for plan in plans:
        plan.source.access()
    return plans


def _chosen(config: RunConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in APPLIED}


def _text_files(config: RunConfig) -> list[Path]:
    """Lists and address files by their names; whether they are there is seen when they are read."""
    addresses = (*config.source, *(camera.source for camera in config.cameras))
    paths = (Path(address) for address in addresses if "://" not in address)
    return [path for path in paths if path.suffix.lower() in LIST_SUFFIXES + ADDRESS_SUFFIXES]


def _hash(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(MAX_TEXT_BYTES)).digest()
    except OSError:
        return None  # reading it as settings says why, in words


def _difference(
    before: tuple[CameraPlan, ...], after: tuple[CameraPlan, ...], *, notices: tuple[str, ...]
) -> Change:
    old, new = ({plan.name: plan for plan in plans} for plans in (before, after))
    return Change(
        added=tuple(plan for plan in after if plan.name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(plan for plan in after if old.get(plan.name, plan) != plan),
        notices=notices,
    )


def _to_restart(running: RunConfig, wanted: RunConfig) -> tuple[str, ...]:
    names = [name for name in RunConfig.model_fields if name not in APPLIED]
    changed = [name for name in names if getattr(running, name) != getattr(wanted, name)]
    return (f"restart to apply: {', '.join(changed)}",) if changed else ()
