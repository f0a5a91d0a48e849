"""Addresses are split kindly, and shown without secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghoststream.address import UNPARSEABLE, is_network_address, parse_address
from ghoststream.errors import ConfigError

SCHEMES = ("rtsp", "rtsps", "http", "https")


@pytest.mark.parametrize(
    ("typed", "url", "name"),
    [
        ("rtsp://cam/1", "rtsp://cam/1", "rtsp://cam/1"),
        ("rtsp://cam", "rtsp://cam", "rtsp://cam"),
        ("RTSP://cam:554/1", "rtsp://cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://u:p@cam/1", "rtsp://u:p@cam/1", "rtsp://cam/1"),
        ("rtsp://u@cam/1", "rtsp://u@cam/1", "rtsp://cam/1"),
        ("rtsp://u:p%40q@cam/1", "rtsp://u:p%40q@cam/1", "rtsp://cam/1"),
        ("rtsp://u:p@q@cam/1", "rtsp://u:p%40q@cam/1", "rtsp://cam/1"),
        ("rtsp://u:a/b?c#d@10.0.0.7/1", "rtsp://u:a%2Fb%3Fc%23d@10.0.0.7/1", "rtsp://10.0.0.7/1"),
        ("rtsp://u:100%x@cam:554/1", "rtsp://u:100%25x@cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://u:ä@[::1]:8554/1", "rtsp://u:%C3%A4@[::1]:8554/1", "rtsp://[::1]:8554/1"),
        ("http://cam/a b/ä.mp4", "http://cam/a%20b/%C3%A4.mp4", "http://cam/a b/ä.mp4"),
        ("http://cam/50%.mp4", "http://cam/50%25.mp4", "http://cam/50%.mp4"),
        (
            "https://cam/x?channel=1&token=abc&subtype=0",
            "https://cam/x?channel=1&token=abc&subtype=0",
            "https://cam/x?channel=1&subtype=0",
        ),
        ("rtsp://cam/x?abc", "rtsp://cam/x?abc", "rtsp://cam/x"),
        (
            "rtsp://cam/user=admin&password=abc&channel=1.sdp",
            "rtsp://cam/user=admin&password=abc&channel=1.sdp",
            "rtsp://cam/***",
        ),
    ],
)
def test_addresses(typed: str, url: str, name: str) -> None:
    address = parse_address(typed, schemes=SCHEMES)
    assert (address.url, address.name) == (url, name)


@pytest.mark.parametrize(
    "typed",
    ["rtsp://", "rtsp://u:p@", "rtsp://u:s3cret@ho st/1", "rtsp://s3cret@cam/1\nx", "rtsp:///1"],
)
def test_unparseable_shows_nothing(typed: str) -> None:
    with pytest.raises(ConfigError, match=UNPARSEABLE) as caught:
        parse_address(typed, schemes=SCHEMES)
    assert "s3cret" not in str(caught.value)


def test_what_cannot_be_told_apart_is_not_shown() -> None:
    # A port and a path, or a password that begins with a digit and holds a slash?
    assert parse_address("rtsp://user:12/3@host/x", schemes=SCHEMES).name == UNPARSEABLE


@pytest.mark.parametrize("typed", ["ftp://u:s3cret@h/x", "file:///etc/passwd", "concat://a|b"])
def test_other_schemes_are_refused(typed: str) -> None:
    with pytest.raises(ConfigError, match="rtsp://, rtsps://, http://, https://") as caught:
        parse_address(typed, schemes=SCHEMES)
    assert "s3cret" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=6, max_size=20))
def test_no_password_ever_shows(password: str) -> None:
    address = parse_address(f"rtsp://admin:{password}@camera.example:554/live", schemes=SCHEMES)
    assert address.name in ("rtsp://camera.example:554/live", UNPARSEABLE)


def test_paths_are_no_addresses() -> None:
    assert is_network_address("rtsp://cam")
    assert not is_network_address("clip.mp4")
    assert not is_network_address("C:/clip.mp4")


def test_what_has_no_scheme_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="mqtt://, mqtts://; got something else"):
        parse_address("s3cret", schemes=("mqtt", "mqtts"))
