from pathlib import Path

import pytest

from ghoststream.config import ServeConfig
from ghoststream.errors import ConfigError
from ghoststream.serve.security.access import is_loopback, read_access
from ghoststream.serve.security.passwords import hashed


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.serve.security.passwords.COST", 2**10)


def test_on_loopback_all_may_come_in() -> None:
    assert read_access(ServeConfig(), {}).is_open
    assert read_access(ServeConfig(host="::1"), {}).is_open
    assert read_access(ServeConfig(host="localhost"), {}).is_open


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gate.local", "128.0.0.1"])
def test_elsewhere_nobody_starts_without_a_password(host: str) -> None:
    with pytest.raises(ConfigError, match="needs a password; put one into a file"):
        read_access(ServeConfig(host=host), {})


def test_behind_a_proxy_nobody_starts_without_a_password() -> None:
    with pytest.raises(ConfigError, match="behind a proxy"):
        read_access(ServeConfig(https=True), {})


@pytest.mark.parametrize("address", ["*", "proxy.local", ""])
def test_not_everybody_is_a_proxy(address: str) -> None:
    config = ServeConfig(trusted_proxy=address)
    with pytest.raises(ConfigError, match=r"a trusted proxy is one address such as 10\.0\.0\.2"):
        read_access(config, {"GHOSTSTREAM_PASSWORD": "correct horse"})


def test_a_password_file_holds_a_password_or_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for line in ("correct horse", hashed("correct horse")):
        file.write_text(f"{line}\nanother line\n")
        access = read_access(ServeConfig(host="0.0.0.0", password_file=file), {})
        assert access.has_password("correct horse")
        assert not access.has_password(line + "!")


def test_the_environment_holds_a_password() -> None:
    access = read_access(ServeConfig(), {"GHOSTSTREAM_PASSWORD": "correct horse"})
    assert not access.is_open
    assert access.has_password("correct horse")


def test_tokens_open_as_well(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("a" * 40 + "\n\n" + "b" * 40 + "\n")
    access = read_access(ServeConfig(host="0.0.0.0", token_file=file), {})
    assert access.has_token("a" * 40)
    assert access.has_token("b" * 40)
    assert not access.has_token("c" * 40)
    assert not access.has_token("")
    assert not access.has_password("")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("password_file", "short\n", "at least 8 characters"),
        ("password_file", "", "at least 8 characters"),
        ("token_file", "too-short-a-token\n", "at least 20 characters"),
        ("token_file", "\n", "at least 20 characters"),
    ],
)
def test_secrets_that_are_none(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    with pytest.raises(ConfigError, match=sentence) as caught:
        read_access(ServeConfig.model_validate({name: file}), {})
    assert not content.strip() or content.strip() not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the password file"):
        read_access(ServeConfig(password_file=tmp_path / "none"), {})


def test_nothing_of_it_is_in_a_representation() -> None:
    access = read_access(ServeConfig(), {"GHOSTSTREAM_PASSWORD": "correct horse"})
    assert repr(access) == "Access()"


def test_which_addresses_are_of_this_machine_alone() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "127.9.9.9", "::1", "LOCALHOST")] == [True] * 4
    assert [is_loopback(h) for h in ("localhost.evil.com", "10.0.0.1", "", "::")] == [False] * 4
