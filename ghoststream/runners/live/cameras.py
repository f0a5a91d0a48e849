"""Which cameras to watch, and whether a run watches any: settings to plans.

plans = plan_cameras(config)
[plan.name for plan in plans]  # ['gate', 'rtsp://10.0.0.7/1']
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

from ghoststream.config import (
    SAMPLINGS,
    CameraConfig,
    LiveConfig,
    Regions,
    RunConfig,
    deciding_settings,
)
from ghoststream.errors import ConfigError
from ghoststream.pipeline import sampling_of
from ghoststream.runners.local import source_options
from ghoststream.sampling import AtFps
from ghoststream.sources import (
    DeviceSource,
    FileSource,
    NetworkSource,
    Source,
    SourceOptions,
    open_sources,
)
from ghoststream.types import WHOLE_PICTURE, Region, Sampling

Watchable: TypeAlias = NetworkSource | DeviceSource | FileSource
"""What can be read packet by packet."""

NamedRegions: TypeAlias = tuple[tuple[str | None, Region], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """All that is to be known of a camera; equal to another only if its password is, too."""

    name: str
    """Without passwords, and no other camera's."""
    source: Watchable = field(repr=False)
    sampling: Sampling
    regions: NamedRegions
    """Each looked at on its own; (None, WHOLE_PICTURE) where none is named."""
    is_paced: bool
    """A file is played at its own speed, as if it were a camera."""
    is_looped: bool
    settings: Mapping[str, object]
    """That decide its results: those of the run, with its own rate and regions."""


def plan_cameras(config: RunConfig) -> tuple[CameraPlan, ...]:
    """Every camera that the settings name; nothing is opened.

    Args:
        config: `cameras` come first, then those of `source`, in their order.

    Returns:
        At least one. Who has no name of its own is called by its address without password, and
        numbered where several are called so.

    Raises:
        ConfigError: an address that cannot be understood, one camera that is several, files without
            `realtime`, or nothing at all.
        SourceNotFound: a directory, glob or list holds nothing.
    """
    named = [(camera, _only_source(config, camera)) for camera in config.cameras]
    shared = [
        (CameraConfig(source=address), _watchable(source, config))
        for address in config.source
        for source in open_sources(address, source_options(config))
    ]
    if not named and not shared:
        raise ConfigError("nothing to watch; name a camera under `cameras` or as source")
    cameras = [*named, *shared]
    names = _names(cameras)
    return tuple(
        _plan(config, camera, source, name)
        for name, (camera, source) in zip(names, cameras, strict=True)
    )


def _only_source(config: RunConfig, camera: CameraConfig) -> Watchable:
    sources = open_sources(camera.source, _options(config, camera))
    if len(sources) != 1:
        raise ConfigError(
            f"one of the cameras stands for {len(sources)} sources; write each on its own, or give "
            "the list as source"
        )
    return _watchable(sources[0], config)


def _options(config: RunConfig, camera: CameraConfig) -> SourceOptions:
    options = source_options(config)
    if camera.rtsp_transport is None:
        return options
    return replace(options, rtsp_transport=camera.rtsp_transport)


def _watchable(source: Source, config: RunConfig) -> Watchable:
    if not isinstance(source, Watchable):
        raise ConfigError(
            f"{source.name}: pictures cannot be watched like a camera; make a video of them"
        )
    if not source.is_live and not config.realtime:
        raise ConfigError(
            f"{source.name}: a file among cameras has to be played like one; set realtime, or read "
            "files in a run of their own"
        )
    return source


def _names(cameras: Sequence[tuple[CameraConfig, Watchable]]) -> list[str]:
    """Given names as they are; others numbered from the second that would be called the same."""
    taken = Counter(camera.name for camera, _ in cameras if camera.name is not None)
    return [camera.name or _free_name(source.name, taken) for camera, source in cameras]


def _free_name(name: str, taken: Counter[str]) -> str:
    numbered, number = name, 1
    while taken[numbered]:
        number += 1
        numbered = f"{name} {number}"
    taken[numbered] += 1
    return numbered


def _plan(config: RunConfig, camera: CameraConfig, source: Watchable, name: str) -> CameraPlan:
    return CameraPlan(
        name=name,
        source=source,
        sampling=AtFps(rate=camera.fps) if camera.fps is not None else sampling_of(config),
        regions=named_regions(camera.roi or config.roi),
        is_paced=not source.is_live,
        is_looped=not source.is_live and config.loop,
        settings=_settings(config, camera),
    )


def _settings(config: RunConfig, camera: CameraConfig) -> Mapping[str, object]:
    own = config
    if camera.fps is not None:
        others = {name: RunConfig.model_fields[name].default for name in SAMPLINGS}
        own = config.model_copy(update={**others, "fps": camera.fps})
    roi = (camera if camera.roi else config).model_dump(mode="json", include={"roi"})
    return {**deciding_settings(own), **(roi if roi["roi"] else {})}


def named_regions(regions: Regions) -> NamedRegions:
    """Corners instead of sizes; the whole picture where no region is named.

    Example:
        >>> named_regions({"door": (Fraction(1, 2), Fraction(0), Fraction(1, 4), Fraction(1))})
        (('door', (0.5, 0.0, 0.75, 1.0)),)
    """
    if not regions:
        return ((None, WHOLE_PICTURE),)
    return tuple((name, _corners(*sides)) for name, sides in regions.items())


def _corners(x: Fraction, y: Fraction, width: Fraction, height: Fraction) -> Region:
    return float(x), float(y), float(x + width), float(y + height)


def is_live_run(config: RunConfig, sources: Sequence[Source]) -> bool:
    """Whether there is anything to watch: cameras, or files that are played as such.

    Args:
        config: settings.
        sources: what `source` names.
    """
    return bool(config.cameras) or config.realtime or any(source.is_live for source in sources)


def needs_plain_run(config: RunConfig, sources: Sequence[Source]) -> bool:
    """Whether an output is asked for that shows one video from its start to its end.

    A camera with such an output is read once, without reconnecting.

    Args:
        config: settings.
        sources: what `source` names.

    Raises:
        ConfigError: there are several cameras, or a file is to be played as one.
    """
    shown = [name for name in ("annotate", "vtt") if getattr(config, name) is not None]
    if not shown:
        return False
    if config.cameras or config.realtime or sum(source.is_live for source in sources) > 1:
        raise ConfigError(
            f"{' and '.join(shown)} can be had of files, or of one camera given as source; leave "
            f"{'it' if len(shown) == 1 else 'them'} out, or name one camera, without realtime"
        )
    return True


def runs_live(config: RunConfig, sources: Sequence[Source]) -> bool:
    """Whether to watch cameras, or else to read each source once.

    Args:
        config: settings.
        sources: what `source` names.

    Raises:
        ConfigError: outputs that cameras do not have, or settings that only cameras have.
    """
    if is_live_run(config, sources) and not needs_plain_run(config, sources):
        return True
    _refuse_live_settings(config)
    return False


def _refuse_live_settings(config: RunConfig) -> None:
    fields = LiveConfig.model_fields
    chosen = [name for name in sorted(fields) if getattr(config, name) != fields[name].default]
    if chosen:
        raise ConfigError(
            f"{', '.join(chosen)}: only where cameras are watched; give a camera, or set realtime "
            "to play files as if they were some, and leave annotate and vtt out"
        )
