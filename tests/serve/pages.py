"""A page without a network: its application, asked from within."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

from ghoststream.config import ServeConfig
from ghoststream.serve.app import create_app
from ghoststream.serve.server import opened_site


@contextmanager
def page(data: Path, **settings: object) -> Iterator[TestClient]:
    """A page that is up, as a browser on this machine sees it; `client.app.state.site` is behind.

    Args:
        data: its directory.
        settings: of ServeConfig.
    """
    config = ServeConfig.model_validate({"data": data, **settings})
    with (
        opened_site(config) as site,
        TestClient(create_app(site), base_url="http://127.0.0.1:8008") as client,
    ):
        # As a page of ours sends it, to one who has not signed in.
        client.headers["X-CSRF-Token"] = site.sessions.csrf_token(None)
        yield client
