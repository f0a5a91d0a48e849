"""Weights on the Hugging Face hub.

    download_weights("timm/ghostnet_100.in1k")  # a path, in the hub's cache

Where the hub and its cache are, and whether the network may be used at all, is said by the
environment: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_OFFLINE`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ghoststream.errors import WeightsError
from ghoststream.models.hub_cache import CONFIG_FILE, WEIGHTS_FILE

# The base is the HTTP library's own error, and which library that is changes with the hub's
# version; a connection that breaks in the middle is raised as that.
_HTTPError: type[Exception] = HfHubHTTPError.__bases__[0]


def download_weights(repository: str) -> Path:
    """Brings weights and configuration into the cache, with a progress bar on a terminal.

    Args:
        repository: owner and name, as in `timm/ghostnet_100.in1k`.

    Returns:
        The safetensors file; formats that can hold code are not asked for.

    Raises:
        WeightsError: not there, not to be reached, cut off, or the machine is told to stay offline.
    """
    with _told_plainly(repository):
        # First, because weights without it would look whole.
        _download_config(repository)
        return Path(hf_hub_download(repository, WEIGHTS_FILE))


def _download_config(repository: str) -> None:
    try:
        hf_hub_download(repository, CONFIG_FILE)
    except LocalEntryNotFoundError:
        raise
    except EntryNotFoundError:
        # Without one, the network's own preprocessing holds.
        return


@contextmanager
def _told_plainly(repository: str) -> Iterator[None]:
    try:
        yield
    except LocalEntryNotFoundError as error:
        raise WeightsError(_refusal(repository, error.__cause__)) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        raise WeightsError(
            f"the hub at {constants.ENDPOINT} has no public {repository}/{WEIGHTS_FILE}; "
            f"use a path, or ghostnet_100's bundled weights"
        ) from error
    except HfHubHTTPError as error:
        raise WeightsError(_refusal(repository, error)) from error
    except (OSError, _HTTPError) as error:
        raise WeightsError(
            f"the download of {repository} from {constants.ENDPOINT} broke off ({error}); "
            f"try again: it goes on where it stopped"
        ) from error


def _refusal(repository: str, cause: BaseException | None) -> str:
    where = f"{repository} is not in the cache {constants.HF_HUB_CACHE}"
    if constants.HF_HUB_OFFLINE:
        what = f"{where}, and HF_HUB_OFFLINE forbids to fetch it"
        return f"{what}; unset HF_HUB_OFFLINE, or use ghostnet_100's bundled weights"
    if isinstance(cause, HfHubHTTPError):
        what = f"the hub at {constants.ENDPOINT} answered {cause.response.status_code}, and {where}"
        return f"{what}; try again later, or use ghostnet_100's bundled weights"
    if isinstance(cause, FileMetadataError):
        what = f"what answers at {constants.ENDPOINT} is no hub, and {where}"
        return f"{what}; check HF_ENDPOINT and the proxy, or use ghostnet_100's bundled weights"
    what = f"no hub answers at {constants.ENDPOINT}, and {where}"
    return f"{what}; check the connection, or use ghostnet_100's bundled weights"
