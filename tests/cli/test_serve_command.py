from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ghoststream.cli.commands import main
from ghoststream.serve.security.passwords import matches


def ghoststream(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=text)


def test_others_than_this_machine_need_a_password(tmp_path: Path) -> None:
    done = ghoststream("serve", "--host", "0.0.0.0", "--data", tmp_path / "data")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: on 0.0.0.0 others reach the page")
    assert not (tmp_path / "data").exists()


def test_help_and_errors_show_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "geheim9")
    done = ghoststream("serve", "--data", tmp_path / "data")
    assert done.exit_code == 2
    assert "GHOSTSTREAM_PASSWORD holds no password of at least 8 characters" in done.stderr
    assert "geheim9" not in done.output + ghoststream("serve", "--help").output


def test_a_password_becomes_its_hash() -> None:
    done = ghoststream("serve", "--hash-password", text="correct horse\ncorrect horse\n")
    assert matches("correct horse", done.stdout.strip())
    assert "correct" not in done.output


def test_a_short_password_is_refused() -> None:
    done = ghoststream("serve", "--hash-password", text="short\nshort\n")
    assert done.exit_code == 2
    assert "at least 8 characters" in done.stderr


def test_missing_packages_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.cli.serve.find_spec", lambda name: name != "uvicorn" or None)
    done = ghoststream("serve")
    assert done.exit_code == 2
    assert "needs uvicorn; install it with: pip install ghoststream[serve]" in done.stderr


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that are opened in a browser, of pages that end as soon as they are up."""

    def serve(_config: object, *, stop: object, notice: Callable[[str], None]) -> None:
        notice("http://address/")

    addresses: list[str] = []
    monkeypatch.setattr("ghoststream.serve.server.serve", serve)
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


def test_the_address_is_told_and_opened_only_when_asked_for(opened: list[str]) -> None:
    done = ghoststream("serve")
    assert (done.exit_code, done.stderr) == (
        130,
        "GhostStream is at http://address/ (Ctrl-C ends it)\n",
    )
    assert opened == []
    assert ghoststream("serve", "--open").exit_code == 130
    assert opened == ["http://address/"]


@pytest.mark.usefixtures("opened")
def test_one_is_warned_of_those_who_read_along() -> None:
    assert "Warning: browsers reach it by http" in ghoststream("serve", "--host", "0.0.0.0").stderr
    assert "Warning" not in ghoststream("serve", "--host", "0.0.0.0", "--https").stderr
