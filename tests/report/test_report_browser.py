"""The page in a real browser: what a reader does with it, and that nothing leaves the machine."""

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clips import quadrants, write_clip
from report_logs import FILE, clip, end, event, header, write_log
from results import STREAM
from services import program, require

from ghoststream.report.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

LABELS = ["cat", "dog", "cup", "</script><b>crane", "\u202eowl"]
EVENTS = 10_000


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    chromium = program("chromium")
    require(chromium, "chromium")
    require(find_spec("playwright"), "the package playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of an hour with 10,000 events; its video has a picture a minute."""
    folder = tmp_path_factory.mktemp("page")
    minutes, name = range(0, 3660, 60), "clip.webm"
    write_clip(folder / name, codec="libvpx-vp9", rate=1, pts=minutes, picture=quadrants)
    source = replace(FILE, source=name, stream=replace(STREAM, start_time=Fraction(0)))
    lines = [header(source)]
    lines += [clip(n, {"cat": 0.5, "dog": n % 10 / 20}, source) for n in range(3600)]
    for n in range(EVENTS):
        start, label = n * 0.35, LABELS[n % 5]
        lines.append(event(label, start, start + 4, 0.2 + n % 80 / 100, source, number=n))
    write_log(folder / "a.jsonl", [*lines, end(source)])
    write_report([folder / "a.jsonl"], folder / "page.html", thumbnails=12)
    return (folder / "page.html").as_uri()


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """The open page; whatever it complains of, or asks for elsewhere, fails the test."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    troubles: list[str] = []
    opened.on("console", lambda message: troubles.append(message.text))
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "request",
        lambda r: r.url.startswith(("file:", "data:image/jpeg")) or troubles.append(r.url),
    )
    opened.goto(address)
    yield opened
    opened.close()
    assert troubles == []


def shown(page: "Page") -> str:
    return page.inner_text("#found")


def wait_until(page: "Page", condition: str) -> None:
    """What the browser tool has for this would be evaluated in the page, whose rules forbid it."""
    deadline = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def test_all_events_are_there_a_page_at_a_time(page: "Page") -> None:
    assert shown(page) == "10,000 events"
    assert page.locator("#list tbody tr").count() == 25
    page.get_by_role("navigation", name="Pages of events").get_by_text("Last").click()
    assert page.inner_text("#pager span") == "Page 400 of 400"


def test_events_are_filtered_and_sorted_by_keyboard(page: "Page") -> None:
    page.get_by_role("searchbox", name="Find").focus()
    page.keyboard.type("CRANE")
    assert shown(page) == "2,000 of 10,000 events"
    assert page.inner_text("#list tbody tr:first-child td:nth-child(2)") == "</script><b>crane"
    page.keyboard.press("Tab")
    page.keyboard.type("cat (")
    assert shown(page) == "0 of 10,000 events"
    page.get_by_role("searchbox", name="Find").fill("")
    assert shown(page) == "2,000 of 10,000 events"
    page.get_by_label("Order").select_option("score")
    scores = page.locator("#list .level").all_inner_texts()
    assert scores[0].startswith("0.95")


def test_every_control_has_a_name(page: "Page") -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, select, a, canvas[role]")].filter(
            (it) => !it.closest("[hidden]") && !(it.ariaLabel || it.labels?.length
                || it.textContent.trim())).map((it) => it.outerHTML)"""
    )
    assert nameless == []
    assert page.get_by_role("group", name="Timeline of 10,000 events").count() == 1


def test_the_timeline_zooms_and_moves_by_button_key_and_wheel(page: "Page") -> None:
    window = page.locator("#window")
    whole = window.inner_text()
    assert whole.startswith("all of ")
    page.get_by_role("button", name="Zoom in").click()
    half = window.inner_text()
    assert half != whole
    page.locator("#timeline").focus()
    page.keyboard.press("ArrowRight")
    moved = window.inner_text()
    assert moved != half
    page.keyboard.press("+")
    assert window.inner_text() != moved
    page.keyboard.press("0")
    assert window.inner_text() == whole
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 600, box["y"] + 60)
    page.mouse.wheel(0, -300)
    wait_until(page, "document.getElementById('window').textContent.includes('from')")
    before = window.inner_text()
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 60, steps=4)
    page.mouse.up()
    assert window.inner_text() != before


def test_a_moment_plays_where_it_was_clicked(page: "Page") -> None:
    link = page.locator("#list tbody tr:nth-child(4) a")
    assert link.get_attribute("href") == "clip.webm#t=1.05"
    page.locator("#list tbody tr:nth-child(4) .moment").click()
    wait_until(page, "video.currentTime >= 1")
    wait_until(page, "!document.getElementById('now-time').textContent.startsWith('0:00')")
    assert page.locator("#list tr.chosen").count() == 1


def test_a_video_whose_clock_starts_late_plays_the_same_moment(
    browser: "Browser", tmp_path: Path
) -> None:
    logs = [tmp_path / "first.jsonl", tmp_path / "late.jsonl"]
    for log, start in zip(logs, (0, 30), strict=True):
        name = f"{log.stem}.webm"
        write_clip(tmp_path / name, codec="libvpx-vp9", rate=1, pts=range(start, start + 10))
        stream = replace(STREAM, start_time=Fraction(start))
        source = replace(FILE, source=name, stream=stream)
        shown_event = event("cat", start + 4, start + 6, of=source)
        write_log(log, [header(source), clip(start + 4, {"cat": 0.5}, source), shown_event])
    write_report(logs, tmp_path / "page.html")
    opened = browser.new_page()
    opened.goto((tmp_path / "page.html").as_uri())
    opened.evaluate("video.play = () => Promise.resolve()")
    for row, own_clock in ((1, 5), (2, 35)):
        opened.locator(f"#list tbody tr:nth-child({row}) .moment").click()
        wait_until(opened, f"video.currentTime === {own_clock}")
        assert opened.inner_text("#now-time") == "0:05.0"
        assert opened.inner_text("#now-clock") == f"{own_clock}.000 s on its clock"
    opened.close()


def test_thumbnails_are_pictures(page: "Page") -> None:
    page.get_by_label("Order").select_option("score")
    page.evaluate("table.perPage = events.length; showRows()")
    page.locator("#list img").first.wait_for()
    widths = page.evaluate("[...document.querySelectorAll('#list img')].map((it) => it.width)")
    assert set(widths) == {112}
    assert page.evaluate("data.images.length") == 12


def test_colours_can_be_chosen_and_narrow_screens_hold_it(page: "Page") -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate(paper) != light
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_contrast_is_enough_in_both_colours(page: "Page") -> None:
    program = """() => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        const light = (name) => {
            const style = getComputedStyle(document.documentElement);
            canvas.fillStyle = style.getPropertyValue(name);
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
                const part = value / 255;
                return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratio = (one, other) => {
            const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
        };
        const pairs = [];
        for (const paper of ["--paper", "--card", "--sunk"]) {
            for (const ink of ["--ink", "--soft", "--accent"]) pairs.push([ink, paper, 4.5]);
        }
        pairs.push(["--good", "--good-paper", 4.5], ["--bad", "--bad-paper", 4.5]);
        pairs.push(["--bad", "--card", 4.5], ["--bad", "--sunk", 4.5], ["--edge", "--card", 3]);
        for (let n = 0; n < 8; n++) pairs.push([`--c${n}`, "--card", 3]);
        pairs.push(["--c-other", "--card", 3]);
        return pairs.filter(([a, b, least]) => ratio(a, b) < least).map(([a, b]) => `${a} ${b}`);
    }"""
    for colours in ("light", "dark"):
        page.get_by_label("Colours").select_option(colours)
        assert page.evaluate(program) == [], colours


def test_ten_thousand_events_stay_quick(page: "Page") -> None:
    milliseconds = page.evaluate(
        """() => { const began = performance.now();
            for (const word of ["c", "ca", "cat", ""]) {
                const box = document.getElementById("text");
                box.value = word;
                box.dispatchEvent(new Event("input"));
                document.getElementById("zoom-in").click();
            }
            return performance.now() - began; }"""
    )
    assert milliseconds < 20_000


def test_what_is_printed_has_all_that_is_listed(page: "Page") -> None:
    page.get_by_role("searchbox", name="Find").fill("owl")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#list tbody tr").count() == 1000
    assert "of which 1,000 are printed" in shown(page)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#list tbody tr").count() == 25
