"""Which weights there are for each network, on this machine or to be had; no server is asked.

for listed in list_weights(): listed.model, listed.weights, listed.path
"""

from dataclasses import dataclass
from pathlib import Path

from ghoststream.models.entry import ModelEntry
from ghoststream.models.library import LIBRARIES
from ghoststream.models.registry import MODELS, find_model
from ghoststream.models.weights import bundled_path, cached, package_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWeights:
    """One choice of weights for one network."""

    model: str
    weights: str
    """What to give as weights: `bundled`, `package`, `hub`, or a `PATH` of your own."""
    name: str
    path: Path | None
    """None until the weights are on this machine."""
    about: str


def list_weights() -> tuple[ListedWeights, ...]:
    """Every choice of weights for every network, and one line a library; asks no server."""
    own = (listed for model in MODELS for listed in weights_of(model))
    return *own, *(_library_choice(library) for library in LIBRARIES)


def weights_of(model: str) -> tuple[ListedWeights, ...]:
    """Every choice of weights for one network; asks no server.

    Raises:
        ConfigError: no such network.
    """
    return tuple(_choices(model, find_model(model)))


def _library_choice(library: str) -> ListedWeights:
    return ListedWeights(
        model=f"{library}:NAME",
        weights="hub",
        name="",
        path=None,
        about=f"any image classifier of {library} that has weights for ImageNet",
    )


def _choices(model: str, entry: ModelEntry) -> list[ListedWeights]:
    choices = []
    if entry.bundled:
        choices.append(
            ListedWeights(
                model=model,
                weights="bundled",
                name="bundled",
                path=bundled_path(entry.bundled),
                about="comes with GhostStream; good features, weak names",
            )
        )
    if entry.package:
        choices.append(
            ListedWeights(
                model=model,
                weights="package",
                name=entry.package,
                path=package_path(entry.package),
                about=entry.package_about,
            )
        )
    if entry.hub:
        path = cached(entry.hub)
        choices.append(
            ListedWeights(
                model=model, weights="hub", name=entry.hub, path=path, about=entry.hub_about
            )
        )
    if not choices:
        about = "nobody has published weights; train some, and give their path"
        choices.append(ListedWeights(model=model, weights="PATH", name="", path=None, about=about))
    return choices
