import pytest
from starlette.datastructures import Headers

from ghoststream.config import ServeConfig
from ghoststream.serve.security.origin import (
    allowed_names,
    is_any_address,
    is_own_name,
    is_own_request,
)

NAMES = allowed_names(ServeConfig(host="192.168.1.5", allowed_host=("Gate.local",)))


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1:8008", "[::1]:8008", "192.168.1.5", "gate.local:80", "LOCALHOST."],
)
def test_own_names(host: str) -> None:
    assert is_own_name(host, NAMES, any_address=False)


@pytest.mark.parametrize(
    "host",
    ["", "evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "10.0.0.1", "evil.com:8008", "["],
)
def test_names_of_others(host: str) -> None:
    assert not is_own_name(host, NAMES, any_address=False)


def test_a_page_on_all_addresses_is_asked_for_by_any_of_them() -> None:
    assert is_any_address("0.0.0.0")
    assert is_any_address("::")
    assert not is_any_address("127.0.0.1")
    assert not is_any_address("localhost")
    assert is_own_name("10.0.0.1:8008", NAMES, any_address=True)
    assert not is_own_name("evil.com", NAMES, any_address=True)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("POST", {}),
        ("POST", {"origin": "http://127.0.0.1:8008"}),
        ("POST", {"sec-fetch-site": "same-origin"}),
        ("GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
    ],
)
def test_own_requests(method: str, headers: dict[str, str]) -> None:
    assert is_own_request(method, Headers({"host": "127.0.0.1:8008", **headers}))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"origin": "http://evil.com"}),
        ("POST", {"origin": "null"}),
        ("POST", {"origin": "http://127.0.0.1:9000"}),
        ("DELETE", {"origin": "http://[", "sec-fetch-site": "same-origin"}),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
        ("POST", {"sec-fetch-site": "same-site"}),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}),
    ],
)
def test_requests_of_other_pages(method: str, headers: dict[str, str]) -> None:
    assert not is_own_request(method, Headers({"host": "127.0.0.1:8008", **headers}))
