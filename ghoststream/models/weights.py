"""Where a network's numbers come from: this package or another, the hub, or a file.

    weights = resolve_weights("ghostnet_100", "auto")
    weights.name, weights.sha256, weights.notice

Nothing is fetched unless `hub` is asked for by name; `auto` takes what an earlier fetch left.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as installed_files
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from safetensors import SafetensorError, safe_open

from ghoststream.errors import WeightsError
from ghoststream.models.entry import ModelEntry
from ghoststream.models.hub_cache import cached_config, cached_weights
from ghoststream.models.library import installed
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.registry import DEFAULT_MODEL, MODELS, find_model
from ghoststream.models.torch_hub import (
    cached_file,
    download_file,
    file_name,
    is_address,
    stated_sha256,
)
from ghoststream.types import Interpolation

Kind: TypeAlias = Literal["bundled", "package", "hub", "file"]

SAFETENSORS_SUFFIX = ".safetensors"
TORCH_SUFFIXES = (".pth", ".pt", ".bin")

LITE0_EXTRA = "lite0"
"""Of GhostStream: the one extra that is not named as what it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A weights file on this machine, and what it is."""

    model: str
    kind: Kind
    name: str
    """`bundled`, the hub's repository, or the file's name."""
    path: Path
    sha256: str
    preprocessing: Preprocessing
    """That the weights were trained with."""
    metadata: Mapping[str, str]
    """What the file says of itself."""
    notice: str | None = None
    """One line for the user, where `auto` had to settle for less."""

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


def resolve_weights(model: str = DEFAULT_MODEL, spec: str | Path = "auto") -> Weights:
    """Finds a network's weights file, and fetches it where `hub` is asked for.

    Args:
        model: a name in `MODELS`, or a library's, as in `timm:NAME` and `torchvision:NAME`.
        spec: `bundled`, which `ghostnet_100` alone has; `package`, of an installed one, which
            `efficientnet_lite0` alone has; `hub`, from its cache where possible; `auto`, the hub's
            where they are in the cache and the bundled or installed ones otherwise; or the path of
            a .safetensors, .pth, .pt or .bin file.

    Raises:
        ConfigError: no such network, or the package that it needs is not installed.
        WeightsError: no such weights, a damaged file, or a hub that does not give them.

    Example:
        >>> resolve_weights("ghostnet_100", "bundled").name
        'bundled'
    """
    entry = find_model(model)
    if spec == "auto":
        return _automatic(model, entry)
    if spec == "bundled":
        return _bundled(model, entry)
    if spec == "package":
        return _from_package(model, entry)
    if spec == "hub":
        return _from_hub(model, entry)
    return _from_file(model, entry, Path(spec))


def pull_weights(name: str) -> Weights:
    """Fetches the hub's weights of a network, or makes sure that the cache has the newest.

    Args:
        name: of the network, as in `ghostnet_100` or `timm:NAME`, or of its repository on the hub.
    """
    by_repository = {entry.hub: model for model, entry in MODELS.items() if entry.hub}
    model = by_repository.get(name, name)
    entry = find_model(model)
    repository = _repository(model, entry)
    return _read_hub_file(model, entry, _download(repository))


def show_weights(name: str = DEFAULT_MODEL, spec: str | Path = "auto") -> Weights:
    """What is known of a network's weights; fetches nothing.

    Raises:
        WeightsError: the weights are not on this machine, or damaged.
    """
    entry = find_model(name)
    if spec == "hub" and not cached(_repository(name, entry)):
        raise WeightsError(f"{entry.hub} is not on this machine; type: {_pull_command(name)}")
    return resolve_weights(name, spec)


def _automatic(model: str, entry: ModelEntry) -> Weights:
    if entry.hub and cached(entry.hub):
        return _from_hub(model, entry)
    if entry.package:
        return _from_package(model, entry)
    notice = (
        f"using the weights bundled with GhostStream; better ones ({entry.hub_about}) "
        f"come with: {_pull_command(model)}"
    )
    return replace(_bundled(model, entry), notice=notice if entry.hub else None)


def _bundled(model: str, entry: ModelEntry) -> Weights:
    if entry.bundled is None and entry.hub is None:
        raise WeightsError(_elsewhere(model, entry))
    if entry.bundled is None:
        raise WeightsError(
            f"no weights of {model} come with GhostStream; the hub's ({entry.hub_about}) come "
            f"with: {_pull_command(model)}"
        )
    path = bundled_path(entry.bundled)
    return _read(model, entry, "bundled", "bundled", path)


def _from_package(model: str, entry: ModelEntry) -> Weights:
    if entry.package is None:
        raise WeightsError(f"no package brings weights of {model}; give auto, hub, or a file")
    installed(entry.package, model, extra=LITE0_EXTRA)
    path = package_path(entry.package)
    if path is None:
        raise WeightsError(f"{entry.package} is installed without its weights; install it anew")
    return _read(model, entry, "package", path.name, path)


def _from_hub(model: str, entry: ModelEntry) -> Weights:
    repository = _repository(model, entry)
    path = cached(repository) or _download(repository)
    return _read_hub_file(model, entry, path)


def _from_file(model: str, entry: ModelEntry, path: Path) -> Weights:
    path = path.expanduser()
    if not path.is_file():
        raise WeightsError(
            f"there is no weights file {str(path)!r}; give auto, bundled, hub or the path of a file"
        )
    if path.suffix not in (SAFETENSORS_SUFFIX, *TORCH_SUFFIXES):
        known = ", ".join((SAFETENSORS_SUFFIX, *TORCH_SUFFIXES))
        raise WeightsError(f"{path} is no weights file: its name must end in one of {known}")
    return _read(model, entry, "file", path.name, path)


def _repository(model: str, entry: ModelEntry) -> str:
    if entry.hub is None:
        raise WeightsError(_elsewhere(model, entry))
    return entry.hub


def cached(place: str) -> Path | None:
    """What the hub, or a web address, gives: where an earlier fetch left it."""
    return cached_file(place) if is_address(place) else cached_weights(place)


def package_path(distribution: str) -> Path | None:
    """The weights of an installed package, found without running any of it; None without it."""
    try:
        there = installed_files(distribution) or []
    except PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in there if file.suffix in TORCH_SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def bundled_path(name: str) -> Path:
    """A file that comes with GhostStream."""
    return Path(str(files("ghoststream.models") / "bundled" / name))


def _elsewhere(model: str, entry: ModelEntry) -> str:
    if entry.package:
        return f"the weights of {model} come with {entry.package}; give auto, package, or a file"
    return _untrained(model)


def _untrained(model: str) -> str:
    trained = ", ".join(name for name, entry in MODELS.items() if entry.bundled or entry.hub)
    return (
        f"nobody has published weights for {model}, and an untrained network answers at random; "
        f"give the path of a weights file, or choose one of {trained}"
    )


def _pull_command(model: str) -> str:
    return f"ghoststream weights pull {model}"


def _download(place: str) -> Path:
    if is_address(place):
        return download_file(place)
    # Here, because the hub's library brings an HTTP client, and most runs have no use for it.
    from ghoststream.models.hub import download_weights

    return download_weights(place)


def _read_hub_file(model: str, entry: ModelEntry, path: Path) -> Weights:
    repository = _repository(model, entry)
    is_file = is_address(repository)
    weights = _read(model, entry, "hub", file_name(repository) if is_file else repository, path)
    # The cache names large files by the hash that the hub stated, and does not check it.
    stated = stated_sha256(path.name) if is_file else _hash_name(path)
    if not weights.sha256.startswith(stated):
        raise WeightsError(
            f"{path} is damaged: its sha256 is {weights.sha256}, the hub stated {stated}; "
            f"delete {path.resolve()} and type: {_pull_command(model)}"
        )
    config = None if is_file else cached_config(repository)
    if config is None:
        return weights
    preprocessing = _preprocessing(_hub_config(config), config, entry.preprocessing)
    return replace(weights, preprocessing=preprocessing)


def _hash_name(path: Path) -> str:
    name = path.resolve().name
    return name if len(name) == 64 else ""


def _read(model: str, entry: ModelEntry, kind: Kind, name: str, path: Path) -> Weights:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        metadata = _metadata(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    architecture = metadata.get("architecture", model)
    if architecture != model:
        raise WeightsError(f"{path} holds weights of {architecture}, not of {model}")
    return Weights(
        model=model,
        kind=kind,
        name=name,
        path=path,
        sha256=digest,
        preprocessing=_preprocessing(metadata, path, entry.preprocessing),
        metadata=metadata,
    )


def _metadata(path: Path) -> dict[str, str]:
    if path.suffix != SAFETENSORS_SUFFIX:
        return {}
    try:
        with safe_open(path, framework="numpy") as tensors:
            return dict(tensors.metadata() or {})
    except SafetensorError as error:
        raise WeightsError(f"{path} is damaged, or no safetensors file: {error}") from error


def _hub_config(path: Path) -> Mapping[str, object]:
    try:
        config = json.loads(path.read_text("utf-8"))
        return dict(config.get("pretrained_cfg", {}))
    except (ValueError, AttributeError, TypeError) as error:
        raise WeightsError(f"{path} is damaged: {error}") from error


def _preprocessing(
    values: Mapping[str, object], path: Path, default: Preprocessing
) -> Preprocessing:
    """Reads what metadata (strings) and the hub's configuration (numbers, lists) say alike."""
    interpolation: Interpolation
    match values.get("interpolation", default.interpolation):
        case "bicubic" | "bilinear" as interpolation:
            pass
        case other:
            known = " and ".join(get_args(Interpolation))
            raise WeightsError(f"{path} wants pictures scaled by {other!r}; {known} are offered")
    try:
        return Preprocessing(
            # Either a side, or channels, height and width.
            input_size=int(_numbers(values.get("input_size", default.input_size))[-1]),
            crop=_numbers(values.get("crop_pct", default.crop))[0],
            interpolation=interpolation,
            mean=_rgb(values.get("mean", default.mean)),
            std=_rgb(values.get("std", default.std)),
        )
    except (ValueError, TypeError) as error:
        raise WeightsError(
            f"{path} asks for a preprocessing that cannot be had: {error}"
        ) from error


def _rgb(value: object) -> tuple[float, float, float]:
    red, green, blue = _numbers(value)
    return red, green, blue


def _numbers(value: object) -> tuple[float, ...]:
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(float(part) for part in parts)
