"""Where a network's numbers come from: bundled with the package, the hub, or a file.

    weights = resolve_weights("ghostnet_100", "auto")
    weights.name, weights.sha256, weights.notice

Nothing is fetched unless `hub` is asked for by name; `auto` takes what an earlier fetch left.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias

from safetensors import SafetensorError, safe_open

from ghoststream.errors import WeightsError
from ghoststream.models.hub_cache import cached_config, cached_weights
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.registry import DEFAULT_MODEL, MODELS, ModelEntry, find_model

Kind: TypeAlias = Literal["bundled", "hub", "file"]

SAFETENSORS_SUFFIX = ".safetensors"
TORCH_SUFFIXES = (".pth", ".pt", ".bin")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWeights:
    """One choice of weights for one network."""

    model: str
    weights: str
    """What to give as weights: `bundled`, `hub`, or a `PATH` of your own."""
    name: str
    path: Path | None
    """None until the weights are on this machine."""
    about: str


def resolve_weights(model: str = DEFAULT_MODEL, spec: str | Path = "auto") -> Weights:
    """Finds a network's weights file, and fetches it where `hub` is asked for.

    Args:
        model: a name in `MODELS`.
        spec: `bundled`, which `ghostnet_100` alone has; `hub`, from its cache where possible;
            `auto`, the hub's where they are in the cache and the bundled ones otherwise; or the
            path of a .safetensors, .pth, .pt or .bin file.

    Raises:
        ConfigError: no such network.
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
    if spec == "hub":
        return _from_hub(model, entry)
    return _from_file(model, Path(spec))


def pull_weights(name: str) -> Weights:
    """Fetches the hub's weights of a network, or makes sure that the cache has the newest.

    Args:
        name: of the network, as in `ghostnet_100`, or of its repository on the hub.
    """
    by_repository = {entry.hub: model for model, entry in MODELS.items() if entry.hub}
    model = by_repository.get(name, name)
    repository = _repository(model, find_model(model))
    return _read_hub_file(model, repository, _download(repository))


def show_weights(name: str = DEFAULT_MODEL, spec: str | Path = "auto") -> Weights:
    """What is known of a network's weights; fetches nothing.

    Raises:
        WeightsError: the weights are not on this machine, or damaged.
    """
    entry = find_model(name)
    if spec == "hub" and not cached_weights(_repository(name, entry)):
        raise WeightsError(f"{entry.hub} is not on this machine; type: {_pull_command(name)}")
    return resolve_weights(name, spec)


def list_weights() -> tuple[ListedWeights, ...]:
    """Every choice of weights for every network; asks no server."""
    return tuple(listed for model, entry in MODELS.items() for listed in _choices(model, entry))


def _choices(model: str, entry: ModelEntry) -> list[ListedWeights]:
    choices = []
    if entry.bundled:
        choices.append(
            ListedWeights(
                model=model,
                weights="bundled",
                name="bundled",
                path=_bundled_path(entry.bundled),
                about="comes with GhostStream; good features, weak names",
            )
        )
    if entry.hub:
        path = cached_weights(entry.hub)
        choices.append(
            ListedWeights(
                model=model, weights="hub", name=entry.hub, path=path, about=entry.hub_about
            )
        )
    if not choices:
        about = "nobody has published weights; train some, and give their path"
        choices.append(ListedWeights(model=model, weights="PATH", name="", path=None, about=about))
    return choices


def _automatic(model: str, entry: ModelEntry) -> Weights:
    if entry.hub and cached_weights(entry.hub):
        return _from_hub(model, entry)
    notice = (
        f"using the weights bundled with GhostStream; better ones ({entry.hub_about}) "
        f"come with: {_pull_command(model)}"
    )
    return replace(_bundled(model, entry), notice=notice if entry.hub else None)


def _bundled(model: str, entry: ModelEntry) -> Weights:
    if entry.bundled is None and entry.hub is None:
        raise WeightsError(_untrained(model))
    if entry.bundled is None:
        raise WeightsError(
            f"no weights of {model} come with GhostStream; the hub's ({entry.hub_about}) come "
            f"with: {_pull_command(model)}"
        )
    path = _bundled_path(entry.bundled)
    return _read(model, "bundled", "bundled", path)


def _from_hub(model: str, entry: ModelEntry) -> Weights:
    repository = _repository(model, entry)
    path = cached_weights(repository) or _download(repository)
    return _read_hub_file(model, repository, path)


def _from_file(model: str, path: Path) -> Weights:
    path = path.expanduser()
    if not path.is_file():
        raise WeightsError(
            f"there is no weights file {str(path)!r}; give auto, bundled, hub or the path of a file"
        )
    if path.suffix not in (SAFETENSORS_SUFFIX, *TORCH_SUFFIXES):
        known = ", ".join((SAFETENSORS_SUFFIX, *TORCH_SUFFIXES))
        raise WeightsError(f"{path} is no weights file: its name must end in one of {known}")
    return _read(model, "file", path.name, path)


def _repository(model: str, entry: ModelEntry) -> str:
    if entry.hub is None:
        raise WeightsError(_untrained(model))
    return entry.hub


def _bundled_path(name: str) -> Path:
    return Path(str(files("ghoststream.models") / "bundled" / name))


def _untrained(model: str) -> str:
    trained = ", ".join(name for name, entry in MODELS.items() if entry.bundled or entry.hub)
    return (
        f"nobody has published weights for {model}, and an untrained network answers at random; "
        f"give the path of a weights file, or choose one of {trained}"
    )


def _pull_command(model: str) -> str:
    return f"ghoststream weights pull {model}"


def _download(repository: str) -> Path:
    # Here, because the hub's library brings an HTTP client, and most runs have no use for it.
    from ghoststream.models.hub import download_weights

    return download_weights(repository)


def _read_hub_file(model: str, repository: str, path: Path) -> Weights:
    weights = _read(model, "hub", repository, path)
    # The cache names large files by the hash that the hub stated, and does not check it.
    stated_sha256 = path.resolve().name
    if len(stated_sha256) == 64 and stated_sha256 != weights.sha256:
        raise WeightsError(
            f"{path} is damaged: its sha256 is {weights.sha256}, the hub stated {stated_sha256}; "
            f"delete {path.resolve()} and type: {_pull_command(model)}"
        )
    config = cached_config(repository)
    if config is None:
        return weights
    return replace(weights, preprocessing=_preprocessing(_hub_config(config), config))


def _read(model: str, kind: Kind, name: str, path: Path) -> Weights:
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
        preprocessing=_preprocessing(metadata, path),
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


def _preprocessing(values: Mapping[str, object], path: Path) -> Preprocessing:
    """Reads what metadata (strings) and the hub's configuration (numbers, lists) say alike."""
    default = Preprocessing()
    interpolation = values.get("interpolation", default.interpolation)
    if interpolation != default.interpolation:
        raise WeightsError(
            f"{path} wants pictures scaled by {interpolation!r}; only {default.interpolation!r} "
            f"is offered"
        )
    try:
        return Preprocessing(
            # Either a side, or channels, height and width.
            input_size=int(_numbers(values.get("input_size", default.input_size))[-1]),
            crop=_numbers(values.get("crop_pct", default.crop))[0],
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
