import os
from pathlib import Path

import pytest

# Before torch is imported anywhere, in subprocesses too. The networks are small: on a busy machine,
# threads that wait for each other cost ten times more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def sample_videos() -> Path:
    return ROOT / "sample_videos"
