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
    r"weights pull|\.rtsp|rtsp://|https?://|--head|GHOSTSTREAM_|sudo|pip |make "
)
"""Wants a network, a camera or a file of the reader's own."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def commands() -> list[str]:
    lines = [
        line for page in PAGES for text in blocks(page, "console") for line in text.split("\n")
    ]
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ghoststream ")]
    return [
        line.partition(" > ")[0] for line in dict.fromkeys(typed) if not NEEDS_MORE.search(line)
    ]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that looks like a fresh clone, and takes what the commands write."""
    for name in ("sample_videos", "pipelines", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("command", commands())
def test_each_command_works_as_written(command: str) -> None:
    done = CliRunner().invoke(main, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("page", "program"),
    [(page.name, text) for page in PAGES for text in blocks(page, "python")],
)
def test_each_program_works_as_written(page: str, program: str) -> None:
    exec(compile(program, page, "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_within_the_project_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_command_and_every_setting_of_the_command_line_is_mentioned() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in main.commands if f"ghoststream {name}" not in text] == []
