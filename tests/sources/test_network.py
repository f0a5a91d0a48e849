"""Networks: what answers is read, what refuses or stays silent is told apart, in time."""

import socket
import threading
import time
import traceback
from fractions import Fraction
from pathlib import Path

import pytest
from clips import index_of, write_clip
from sources.loopback import (
    http_server,
    rtsp_server,
    silent_server,
    stalling_server,
)

from ghoststream.errors import (
    ConfigError,
    NotAVideo,
    SourceError,
    SourceNotFound,
    StreamRefused,
    StreamTimedOut,
    StreamUnauthorized,
    StreamUnreachable,
)
from ghoststream.sources import Source, SourceOptions, open_sources

PATIENCE = SourceOptions(open_timeout_seconds=1, read_timeout_seconds=1)


def single(address: str, options: SourceOptions = PATIENCE) -> Source:
    (source,) = open_sources(address, options)
    return source


def refused(address: str, kind: type[SourceError]) -> str:
    """Opens it, expects an error, and gives everything that may be printed of it."""
    start = time.monotonic()
    with pytest.raises(kind) as caught:
        single(address).open()
    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert message.startswith(single(address).name)
    return message + "".join(traceback.format_exception_only(caught.value.__cause__))


@pytest.mark.parametrize(("container", "is_live"), [("mp4", False), ("ts", False), ("mkv", False)])
def test_http(tmp_path: Path, container: str, is_live: bool) -> None:
    write_clip(tmp_path / f"clip.{container}", frames=8)
    with http_server(tmp_path) as host:
        source = single(f"http://{host}/clip.{container}")
        assert source.is_live is is_live
        assert source.name == f"http://{host}/clip.{container}"
        with source.open() as stream:
            frames = list(stream.frames())
    assert [frame.time for frame in frames] == [Fraction(k, 25) for k in range(8)]


def test_http_playlist_is_followed_to_http(tmp_path: Path) -> None:
    write_clip(tmp_path / "part.ts", frames=8)
    (tmp_path / "live.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.32,\npart.ts\n#EXT-X-ENDLIST\n"
    )
    with http_server(tmp_path) as host:
        source = single(f"http://{host}/live.m3u8")
        assert source.is_live
        with source.open() as stream:
            assert [index_of(f.rgb()) for f in stream.frames()] == list(range(8))


def test_http_playlist_is_not_followed_to_a_file(tmp_path: Path) -> None:
    secret = write_clip(tmp_path / "secret.ts", frames=8)
    served = tmp_path / "served"
    served.mkdir()
    (served / "live.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )
    with (
        http_server(served) as host,
        pytest.raises(SourceError),
        single(f"http://{host}/live.m3u8").open() as stream,
    ):
        list(stream.frames())


PASSWORDS = ["plain", "p@ss/w?rd#1", "100%sure", "a:b:c", "pässwörd", "{x}&=+ ", "a@b.c:1/"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_password_works_as_typed_and_is_not_shown(tmp_path: Path, password: str) -> None:
    write_clip(tmp_path / "clip.mp4", frames=2)
    with http_server(tmp_path, credentials=f"admin:{password}") as host:
        source = single(f"http://admin:{password}@{host}/clip.mp4")
        assert source.name == f"http://{host}/clip.mp4"
        assert password not in repr(source)
        with source.open() as stream:
            assert len(list(stream.frames())) == 2
        printed = refused(f"http://admin:not{password}@{host}/clip.mp4", StreamRefused)
        assert "user name or password" in printed
        assert f"not{password}" not in printed


@pytest.mark.parametrize("password", PASSWORDS)
def test_rtsp_password_reaches_the_camera(password: str) -> None:
    import base64

    with rtsp_server() as (host, requests):
        printed = refused(f"rtsp://admin:{password}@{host}/live", StreamRefused)
    assert "user name or password" in printed
    assert password not in printed or password == "plain"
    sent = [line for request in requests for line in request if line.startswith("Authorization")]
    expected = base64.b64encode(f"admin:{password}".encode()).decode()
    assert sent
    assert set(sent) == {f"Authorization: Basic {expected}"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", StreamUnauthorized),
        ("403 Forbidden", StreamUnauthorized),
        ("404 Not Found", SourceNotFound),
        ("500 Internal Server Error", StreamRefused),
        ("454 Session Not Found", StreamRefused),
    ],
)
def test_rtsp_refusals(status: str, kind: type[SourceError]) -> None:
    with rtsp_server(status, challenge="") as (host, _):
        refused(f"rtsp://admin:s3cret@{host}/live", kind)


def test_http_refusals(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>hello</html>" * 50)
    with http_server(tmp_path) as host:
        refused(f"http://{host}/missing.mp4", SourceNotFound)
        refused(f"http://{host}/page.html", NotAVideo)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_nobody_answers(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused(f"{scheme}://admin:s3cret@127.0.0.1:{port}/live", StreamUnreachable)
    refused(f"{scheme}://admin:s3cret@no-such-host.invalid/live", StreamUnreachable)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_silence_ends_in_time(scheme: str) -> None:
    with silent_server() as host:
        printed = refused(f"{scheme}://admin:s3cret@{host}/live", StreamTimedOut)
    assert "s3cret" not in printed


def test_silence_half_way_ends_in_time(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "clip.ts", frames=60, size=(320, 240)).read_bytes()
    with stalling_server(data) as host:
        start = time.monotonic()
        with single(f"http://{host}/live").open() as stream, pytest.raises(StreamTimedOut):
            list(stream.frames())
        assert stream.counts.frames > 40
        assert time.monotonic() - start < 8


def test_interrupt_from_another_thread_is_bounded_by_the_timeout(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "clip.ts", frames=60, size=(320, 240)).read_bytes()
    with stalling_server(data) as host, single(f"http://{host}/live").open() as stream:
        ended = threading.Event()

        def consume() -> None:
            try:
                for _ in stream.frames():
                    pass
            except StreamTimedOut:
                pass
            ended.set()

        reader = threading.Thread(target=consume)
        reader.start()
        time.sleep(0.2)
        stream.interrupt()
        reader.join(4)
        assert ended.is_set()


def test_a_login_that_would_be_cut_off_is_refused() -> None:
    fits = "rtsp://user:" + "ä" * 20 + "@127.0.0.1:9/x"
    assert single(fits).access().address.count("%C3%A4") == 20
    with pytest.raises(ConfigError, match=r"have 137 letters as encoded; RTSP takes at most 127"):
        single("rtsp://user:" + "ä" * 22 + "@127.0.0.1:9/x").access()
    single("http://user:" + "ä" * 22 + "@127.0.0.1:9/x").access()
