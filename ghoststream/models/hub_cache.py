"""What earlier downloads from the hub left on this machine; asks no server.

cached_weights("timm/ghostnet_100.in1k")  # a path, or None
"""

from pathlib import Path

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"


def cached_weights(repository: str) -> Path | None:
    """The weights file, where an earlier download left it.

    Args:
        repository: owner and name, as in `timm/ghostnet_100.in1k`.
    """
    return _cached(repository, WEIGHTS_FILE)


def cached_config(repository: str) -> Path | None:
    """The file that tells the preprocessing, where an earlier download left it."""
    return _cached(repository, CONFIG_FILE)


def _cached(repository: str, name: str) -> Path | None:
    from huggingface_hub import constants

    # The hub's library brings an HTTP client with it, so it is asked only where it has an answer.
    if not Path(constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}").is_dir():
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, name)
    return Path(found) if isinstance(found, str) else None
