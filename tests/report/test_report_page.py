import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_logs import (
    CAMERA,
    FILE,
    UNIX,
    WHOLE,
    clip,
    end,
    event,
    header,
    plain_log,
    write_log,
)

from ghoststream.errors import ConfigError, LogError, OutputError
from ghoststream.report import report as report_module
from ghoststream.report.report import MadeReport, write_report

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\"'&\u2028<!--title-->"


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes


def made(tmp_path: Path, *logs: Path, **options: object) -> tuple[MadeReport, str]:
    out = tmp_path / "page.html"
    done = write_report(logs, out, **options)  # type: ignore[arg-type]
    return done, out.read_text("utf-8")


def data_of(text: str) -> dict[str, list[dict[str, object]]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    data: dict[str, list[dict[str, object]]] = json.loads(found[1])
    return data


def test_a_page_tells_what_the_log_does(tmp_path: Path) -> None:
    done, text = made(tmp_path, plain_log(tmp_path / "a.jsonl"))
    data = data_of(text)
    assert (done.events, done.sources, done.thumbnails) == (1, 1, 0)
    assert data["lanes"] == ["cat"]
    assert data["events"] == [[0, 0, 10.0, 13.0, 11.0, 0.5, -1]]
    assert data["sources"][0]["lines"] == [[0, [0.5]]]
    assert data["sources"][0]["origin"] == 10.0
    assert "<title>clip.mp4 · GhostStream</title>" in text
    assert "Nothing was lost" in text


def test_what_the_log_does_not_tell_is_no_figure(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.jsonl", [header(), event()])
    text = made(tmp_path, log)[1]
    assert "<dt>events</dt><dd>1</dd>" in text
    assert not [name for name in ("clips", "frames", "looked at") if f"<dt>{name}</dt>" in text]


def test_it_tells_where_everything_comes_from(tmp_path: Path) -> None:
    _, text = made(tmp_path, plain_log(tmp_path / "a.jsonl"))
    for told in ("ghostnet_100", "ab" * 32, "cd" * 32, "torch 2.14.1 cpu fp32", "0.485, 0.456"):
        assert told in text, told


def test_it_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    _, text = made(tmp_path, plain_log(tmp_path / "a.jsonl"))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = unescape(policy[1])
    assert "default-src 'none'; img-src data:; media-src 'self' file:;" in rules
    assert "unsafe" not in rules
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "{" not in "".join(re.findall(r"<!--\w+-->", text))
    assert not {"link", "iframe", "object", "base", "form action"} & set(Tags(text).tags)


@pytest.mark.parametrize("where", ["label", "source", "error"])
def test_hostile_names_stay_text(tmp_path: Path, where: str) -> None:
    name = HOSTILE if where == "source" else "clip.mp4"
    of = replace(FILE, source=name)
    label = HOSTILE if where == "label" else "cat"
    failed = replace(WHOLE, reason="failed", error=HOSTILE if where == "error" else None)
    log = write_log(tmp_path / "a.jsonl", [header(of), event(label, of=of), end(of, failed)])
    _, text = made(tmp_path, log)
    plain = Tags(made(tmp_path, plain_log(tmp_path / "b.jsonl"))[1])
    tags = Tags(text)
    assert "img" not in tags.tags
    assert tags.tags.count("script") == plain.tags.count("script")
    assert not [attribute for attribute, _ in tags.attributes if attribute.startswith("on")]
    data = data_of(text)
    told = {"label": data["lanes"], "source": data["sources"][0]["name"]}
    assert HOSTILE in told.get(where, unescape(text))


def test_links_are_relative_and_safe(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "deep"
    (tmp_path / "a b#c?%.mp4").write_bytes(b"no video")
    log = plain_log(tmp_path / "a.jsonl", "a b#c?%.mp4")
    write_report([log], folder / "page.html")
    data = data_of((folder / "page.html").read_text("utf-8"))
    assert data["sources"][0]["video"] == "../../a%20b%23c%3F%25.mp4"


def test_a_video_that_has_gone_costs_its_thumbnails_only(tmp_path: Path) -> None:
    done, text = made(tmp_path, plain_log(tmp_path / "a.jsonl"))
    note = "clip.mp4 is not where the log says: no thumbnails, and nothing to play."
    assert done.notes == (note,)
    assert note in text
    assert not done.has_losses


def test_what_is_left_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.report.reading.MAX_EVENTS", 3)
    lines = [event(start=10 + n, end=11 + n, number=n) for n in range(8)]
    done, text = made(tmp_path, write_log(tmp_path / "a.jsonl", [header(), *lines, end()]))
    assert done.events == 3
    assert "The 5 weakest events are left out here; the log has all of them." in text


def test_torn_and_damaged_logs_are_said(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.jsonl", [header(), "{}\n", event(), '{"rec'])
    done, text = made(tmp_path, log, tmp_path / "none.jsonl")
    assert done.has_losses
    assert "Cut off in the middle of the last line" in text
    assert "Lines of the logs that are no records, and are left out: 1." in text
    assert "none.jsonl: No such file or directory" in text
    assert "The log has no end of it" in text


def test_many_sources_share_what_made_them(tmp_path: Path) -> None:
    logs = [plain_log(tmp_path / f"{n}.jsonl", f"{n}.mp4") for n in range(30)]
    done, text = made(tmp_path, *logs)
    assert done.sources == 30
    assert "<h1><bdi>30 videos</bdi></h1>" in text
    assert text.count("ab" * 32) == 1
    assert "30 videos are not where the log says, such as 0.mp4" in text


def test_months_of_a_camera_fit_on_a_page(tmp_path: Path) -> None:
    lines = [header(CAMERA)]
    lines += [clip(UNIX + 600 * n, {"cat": 0.5}, CAMERA) for n in range(10_000)]
    _, text = made(tmp_path, write_log(tmp_path / "a.jsonl", lines))
    assert len(data_of(text)["sources"][0]["times"]) <= 1500  # type: ignore[arg-type]
    assert "Scores over a long time are shown as the best one of each stretch." in text
    assert len(text) < 120_000


def test_what_was_there_stays_when_nothing_comes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "page.html"
    out.write_text("before")
    with pytest.raises(LogError):
        write_report([tmp_path / "none.jsonl"], out)
    monkeypatch.setattr(report_module, "page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report([plain_log(tmp_path / "a.jsonl")], out)
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_places_that_do_not_hold_are_refused(tmp_path: Path) -> None:
    log = plain_log(tmp_path / "a.jsonl")
    with pytest.raises(ConfigError, match=r"must end in \.html"):
        write_report([log], tmp_path / "page.pdf")
    with pytest.raises(ConfigError, match=r"--video .*none\.mp4 is not there"):
        write_report([log], tmp_path / "page.html", video=tmp_path / "none.mp4")
    (tmp_path / "dir.html").mkdir()
    with pytest.raises(OutputError, match="it is a directory"):
        write_report([log], tmp_path / "dir.html")
