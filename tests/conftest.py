import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before torch is imported anywhere, in subprocesses too. The networks are small: on a busy machine,
# threads that wait for each other cost ten times more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Networks are converted once for all tests, their subprocesses too, and not for the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GHOSTSTREAM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sample_videos() -> Path:
    return ROOT / "sample_videos"
