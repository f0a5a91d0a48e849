"""A store that comes and goes while the page is up."""

import shutil
import time
from pathlib import Path

import pytest
from archive_page import archive_page, small_archive
from fastapi.testclient import TestClient

SECONDS = 20


def error_that_says(client: TestClient, part: str | None) -> None:
    """Waits for it."""
    end = time.monotonic() + SECONDS
    while True:
        error = client.get("/api/archive").json()["error"]
        if error is None if part is None else part in (error or ""):
            return
        assert time.monotonic() < end, error
        time.sleep(0.02)


def test_a_store_that_goes_is_told_of_and_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.serve.archive.archive.LOOK_SECONDS", 0.05)
    store = small_archive(tmp_path, {})
    away = tmp_path / "away"
    with archive_page(tmp_path / "data", archive=str(store)) as client:
        error_that_says(client, None)
        store.rename(away)
        error_that_says(client, "there is no store")
        assert client.get("/api/search?label=cat").status_code == 503
        shutil.copytree(away, store)
        error_that_says(client, None)
        shutil.rmtree(store / "clips.lance")
        error_that_says(client, "clips")
        shutil.rmtree(store)
        away.rename(store)
        error_that_says(client, None)
