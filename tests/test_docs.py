"""What the README and the docs tell people to type, typed."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from ghoststream.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NEEDS_MORE = re.compile(
    r"weights pull|\.rtsp|rtsp://|https?://|--head|GHOSTSTREAM_|sudo|pip |make |--loop"
    r"|ghoststream serve"
)
"""Wants a network, a camera or a file of the reader's own, or never ends."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block of code, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def commands(text: str) -> list[str]:
    lines = text.splitlines()
    return [line[2:] for line in lines if line.startswith("$ ghoststream")]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that looks like a fresh clone, and takes what the commands write."""
    for name in ("sample_videos", "pipelines", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def in_time(page: Path) -> object:
    """All commands of all pages take a minute; those of the first page are always tried."""
    is_slow = page.name != "README.md" and bool(blocks(page))
    return pytest.param(page, marks=pytest.mark.slow if is_slow else ())


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("page", [in_time(page) for page in PAGES], ids=lambda page: page.name)
def test_what_a_page_says_works_in_its_order(page: Path) -> None:
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, page, "exec"), {})
        for command in commands(text) if language == "console" else []:
            if not NEEDS_MORE.search(command):
                type_in(command)


def type_in(command: str) -> None:
    done = CliRunner().invoke(main, shlex.split(command.partition(" > ")[0])[1:])
    assert done.exit_code == 0, f"{command}: {done.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_within_the_project_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_command_and_every_setting_of_the_command_line_is_mentioned() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in main.commands if f"ghoststream {name}" not in text] == []
