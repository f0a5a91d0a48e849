import stat
from pathlib import Path

from ghoststream.serve.media.ids import MediaIds, read_secret


def test_an_id_is_always_the_same_and_tells_nothing() -> None:
    ids = MediaIds(b"secret")
    assert ids.of("video", "door/monday.mp4") == ids.of("video", "door/monday.mp4")
    assert len({ids.of("ab", "c"), ids.of("a", "bc"), MediaIds(b"another").of("ab", "c")}) == 3
    assert len(ids.of("video", "name that is not UTF-8: \udcff")) == 24


def test_a_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = read_secret(path)
    assert len(secret) == 32
    assert read_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_a_full_disk_has_cut_short_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"")
    (tmp_path / "secret.partial").write_bytes(b"x")
    assert len(secret := read_secret(path)) == 32
    assert read_secret(path) == secret
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
