from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def sample_videos() -> Path:
    return ROOT / "sample_videos"
