"""What other libraries say of networks of theirs, by name.

    library_entry("timm:mobilenetv3_small_100.lamb_in1k").hub

To ask a library takes seconds, because it brings torch; so its answer is kept in the cache for as
long as the library stays the same.
"""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from ghoststream.errors import ConfigError
from ghoststream.models.cache import Cache, cache_key
from ghoststream.models.entry import ModelEntry

ENTRY_VERSION = 1
"""To be raised whenever `ModelEntry` changes, or what is taken from a library."""


def is_library_name(name: str) -> bool:
    """Whether a name says which library to ask, as in `timm:NAME`."""
    return name.partition(":")[0] in LIBRARIES


def library_entry(name: str) -> ModelEntry:
    """What a library says of a network: its preprocessing, and where its weights are.

    Args:
        name: the library's and the network's, as in `torchvision:mobilenet_v3_small`.

    Raises:
        ConfigError: the library is not installed, or has no such network.
    """
    from pydantic import TypeAdapter

    library, _, network = name.partition(":")
    key = cache_key({"entry": ENTRY_VERSION, "name": name, library: installed(library, name)})
    adapter, cache = TypeAdapter(ModelEntry), Cache()
    kept = cache.read(f"{key}.entry")
    if kept is not None:
        return adapter.validate_json(kept)
    entry = LIBRARIES[library](network)
    cache.write(f"{key}.entry", adapter.dump_json(entry))
    return entry


def installed(distribution: str, name: str, *, extra: str | None = None) -> str:
    """The version of a distribution that a network needs.

    Args:
        distribution: as installed.
        name: of the network, for the message.
        extra: of GhostStream, which brings it; unset, named as the distribution.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return version(distribution)
    except PackageNotFoundError as error:
        raise ConfigError(
            f"{name} needs the package {distribution}, which is not installed; "
            f'type: pip install "ghoststream[{extra or distribution}]"'
        ) from error


def _of_timm(network: str) -> ModelEntry:
    from ghoststream.models.timm_network import timm_entry

    return timm_entry(network)


def _of_torchvision(network: str) -> ModelEntry:
    from ghoststream.models.torchvision_network import torchvision_entry

    return torchvision_entry(network)


LIBRARIES: dict[str, Callable[[str], ModelEntry]] = {
    "timm": _of_timm,
    "torchvision": _of_torchvision,
}
