"""Files of weights at web addresses, in the cache that torch's own hub uses.

    download_file("https://.../resnet18-f37072fd.pth")  # a path

Where the cache is, is said by the environment: `TORCH_HOME`, `XDG_CACHE_HOME`.
"""

import os
import re
import sys
from http.client import HTTPException
from pathlib import Path

from ghoststream.errors import WeightsError


def is_address(place: str) -> bool:
    """Whether weights lie at a web address, and not in a repository."""
    return "://" in place


def file_name(address: str) -> str:
    """The last part of an address."""
    return address.rpartition("/")[2]


def cached_file(address: str) -> Path | None:
    """The file, where an earlier download left it; asks no server."""
    path = _folder() / file_name(address)
    return path if path.is_file() else None


def stated_sha256(name: str) -> str:
    """How a file's sha256 begins, where its name says so: `resnet18-f37072fd.pth`; else empty."""
    found = re.search(r"-([0-9a-f]{8,64})\.", name)
    return found[1] if found else ""


def download_file(address: str) -> Path:
    """Brings a file into the cache, with a progress bar on a terminal.

    Raises:
        WeightsError: not there, not to be reached, cut off, or the machine is told to stay offline.
    """
    from huggingface_hub import constants
    from torch.hub import download_url_to_file

    name = file_name(address)
    where = f"{name} is not in the cache {_folder()}"
    if constants.HF_HUB_OFFLINE:
        raise WeightsError(
            f"{where}, and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE, or give a file"
        )
    path = _folder() / name
    prefix = stated_sha256(name) or None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(address, str(path), prefix, progress=sys.stderr.isatty())
    # RuntimeError is how torch says that the sha256 is another one.
    except (OSError, HTTPException, RuntimeError) as error:
        raise WeightsError(
            f"{where}, and {address} does not give it ({error}); check the connection and the "
            f"proxy, or give a file with --weights"
        ) from error
    return path


def _folder() -> Path:
    # As torch has it, which takes seconds to import.
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or f"{cache}/torch"
    return Path(home).expanduser() / "hub" / "checkpoints"
