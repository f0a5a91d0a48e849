"""What is not a readable video ends in the right error, at once, and opens nothing else."""

import os
import resource
import socket
import struct
import threading
from pathlib import Path

import av
import pytest
from clips import cut, write_audio_only, write_clip

from ghoststream.errors import (
    NoFrames,
    NotAVideo,
    NoVideoStream,
    SourceNotFound,
    SourceUnreadable,
)
from ghoststream.video.decode import open_file


def refuse(path: Path, kind: type[Exception], words: str) -> str:
    with pytest.raises(kind, match=words) as caught:
        open_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith((".", "?"))
    assert "\n" not in message
    return message


def test_missing(tmp_path: Path) -> None:
    refuse(tmp_path / "missing.mp4", SourceNotFound, "no such file")
    (tmp_path / "file").write_text("")
    refuse(tmp_path / "file" / "clip.mp4", SourceNotFound, "no such file")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    refuse(tmp_path / "empty.mp4", NotAVideo, "is empty")


@pytest.mark.parametrize(
    "content",
    [b"x", b"hello, world\n" * 100, b"\0" * 5000, bytes(range(256)) * 40, b"%PDF-1.7\n" * 9],
)
@pytest.mark.parametrize("name", ["rubbish.mp4", "rubbish.ts", "rubbish.mkv", "rubbish"])
def test_not_a_video(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    refuse(tmp_path / name, NotAVideo, "video|format")


def test_directory(tmp_path: Path) -> None:
    (tmp_path / "dir.mp4").mkdir()
    refuse(tmp_path / "dir.mp4", NotAVideo, "is a directory")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    refuse(tmp_path / "pipe.mp4", NotAVideo, "is a pipe")


def test_name_that_is_too_long(tmp_path: Path) -> None:
    refuse(tmp_path / ("x" * 300 + ".mp4"), SourceUnreadable, "cannot look at it")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=1)
    clip.chmod(0)
    if os.geteuid() == 0:
        # Everything is readable for root, so the system's answer has to be given for it.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    refuse(clip, SourceUnreadable, "permission")


def test_index_is_cut_off(tmp_path: Path) -> None:
    refuse(cut(write_clip(tmp_path / "cut.mp4")), NotAVideo, "cut short")


def test_sound_only(tmp_path: Path) -> None:
    refuse(write_audio_only(tmp_path / "sound.m4a"), NoVideoStream, "only audio")


def test_cover_picture_is_no_video(tmp_path: Path) -> None:
    refuse(write_audio_only(tmp_path / "song.m4a", cover=True), NoVideoStream, "no video stream")


def test_no_frames_in_the_file(tmp_path: Path) -> None:
    """A recording that was started, and stopped before its first picture."""
    clip = tmp_path / "none.mp4"
    with av.open(str(clip), "w", options={"movflags": "empty_moov"}) as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 64, 48
        output.start_encoding()
    with open_file(clip) as video, pytest.raises(NoFrames, match="not one picture"):
        list(video.frames())


@pytest.mark.parametrize(("codec", "pix_fmt"), [("mjpeg", "yuvj420p"), ("ffv1", "yuv420p")])
@pytest.mark.parametrize("side", [65535, 12000])
def test_enormous_picture(tmp_path: Path, codec: str, pix_fmt: str, side: int) -> None:
    """Gigabytes in the header of a small file must not be believed."""
    clip = write_clip(tmp_path / "huge.avi", codec=codec, pix_fmt=pix_fmt, frames=2)
    data = bytearray(clip.read_bytes())
    start = data.index(b"strf") + 8
    assert struct.unpack_from("<II", data, start + 4) == (64, 48)
    struct.pack_into("<II", data, start + 4, side, side)
    for place in [i for i in range(len(data)) if data[i : i + 2] == b"\xff\xc0"]:
        struct.pack_into(">HH", data, place + 5, side, side)
    clip.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((NotAVideo, NoFrames)), open_file(clip) as video:
        list(video.frames())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def playlists(target: str) -> dict[str, str]:
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
        "hls_concat": f"#EXTM3U\n#EXTINF:1,\nconcat:{target}|file:///etc/passwd\n",
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 {target}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
        f"<BaseURL>{target}</BaseURL></Period></MPD>",
        "asx": f"[Reference]\nRef1={target}\n",
    }


@pytest.mark.parametrize("kind", list(playlists("")))
@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt", "list.ts"])
def test_playlists_open_no_local_file(tmp_path: Path, kind: str, name: str) -> None:
    secret = write_clip(tmp_path / "secret.ts", frames=8)
    bait = tmp_path / name
    bait.write_text(playlists(str(secret))[kind])
    refuse(bait, NotAVideo, "video|format")


@pytest.mark.parametrize("kind", list(playlists("")))
def test_playlists_open_no_connection(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        called = threading.Event()

        def answer() -> None:
            try:
                server.accept()[0].close()
                called.set()
            except OSError:
                return  # closed by the test's end

        listener = threading.Thread(target=answer, daemon=True)
        listener.start()
        port = server.getsockname()[1]
        bait = tmp_path / "bait.mp4"
        bait.write_text(playlists(f"http://127.0.0.1:{port}/x.ts")[kind])
        refuse(bait, NotAVideo, "video|format")
        assert not called.wait(0.1)
        server.shutdown(socket.SHUT_RDWR)
    listener.join(2)


def test_reference_inside_a_movie_is_not_followed(tmp_path: Path) -> None:
    """QuickTime can keep its pictures in another file ("alis", "url ")."""
    clip = write_clip(tmp_path / "clip.mov", frames=3)
    data = clip.read_bytes()
    assert b"url \x00\x00\x00\x01" in data, "self-contained flag expected"
    outside = data.replace(b"url \x00\x00\x00\x01", b"url \x00\x00\x00\x00")
    (tmp_path / "outside.mov").write_bytes(outside)
    with open_file(tmp_path / "outside.mov") as video:
        assert len(list(video.frames())) == 3  # from the file itself, whatever it points to
