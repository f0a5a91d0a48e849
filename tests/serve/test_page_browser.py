"""The page in a real browser, as a person uses it: watch, search, correct, teach, switch on."""

import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from http_camera import Connection, HttpCamera, Part
from painted_archive import write_painted
from served_page import served
from services import program, require
from small_archive import store_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
VIDEOS = 4
"""A kind."""
PATIENCE_MILLISECONDS = 240_000
PASSWORD = "correct horse battery"
DROP = """
([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, {type: "image/jpeg"}));
  document.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, cancelable: true}));
}
"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    chromium = program("chromium")
    require(chromium, "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with an archive of eight clips, and with a camera."""
    folder = tmp_path_factory.mktemp("seen")
    store = store_of(folder / "x.store", write_painted(folder / "clips", videos=VIDEOS), fps=4)
    endless = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)
    with HttpCamera(endless) as camera:
        pipeline = folder / "cameras.yaml"
        pipeline.write_text(
            f"cameras:\n  - name: gate\n    source: {camera.url}\nweights: bundled\n"
            "fps: 10\nwindow: 0.4\nhop: 0.2\nenter: 0.08\nleave: 0.05\ngap: 60\n"
        )
        settings = {"archive": str(store), "pipeline": pipeline, "weights": "bundled"}
        with served(folder / "data", **settings) as (port, _):
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """A window; whatever it complains of, or asks for elsewhere, fails the test."""
    context = browser.new_context(base_url=address, viewport={"width": 1200, "height": 900})
    context.set_default_timeout(60_000)
    yield from watched(context.new_page(), address)
    context.close()


def watched(page: "Page", address: str) -> "Iterator[Page]":
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda r: r.url.startswith((address, "data:")) or troubles.append(r.url))
    yield page
    assert troubles == []


def until(page: "Page", expression: str) -> None:
    """Asks again and again; a function that waits in the page would break its own rules."""
    end = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


def faults(page: "Page") -> list[str]:
    found: list[str] = page.evaluate(f"({AUDIT})()")
    return found


def wait_for_videos(address: str) -> list[dict[str, Any]]:
    """The archive is taken in a moment after the page is up."""
    with httpx.Client(base_url=address) as client:
        while len(items := client.get("/api/videos").json()["items"]) < 2 * VIDEOS:
            time.sleep(0.1)
        return list(items)


def test_a_camera_is_watched_and_its_events_arrive(page: "Page") -> None:
    page.goto("/")
    page.wait_for_selector(".camera[data-state=running]")
    image = page.locator("[data-preview]")
    until(page, "document.querySelector('[data-preview]').naturalWidth > 0")
    assert image.evaluate("image => image.naturalWidth / image.naturalHeight") == pytest.approx(
        4 / 3, abs=0.01
    )
    event = page.locator("[data-newest] .card").first
    event.wait_for()
    assert event.locator("strong").inner_text() == page.locator(".event strong").first.inner_text()
    until(page, "document.querySelector('[data-fps]').textContent !== '0.0 fps'")
    page.get_by_role("button", name="Previews").click()
    assert image.get_attribute("src") is None


def test_an_event_is_judged_with_the_keyboard_and_that_is_kept(page: "Page", address: str) -> None:
    wait_for_videos(address)
    page.goto("/events?kind=archive")
    page.keyboard.press("j")
    first = page.locator("[data-walk] .card").first
    assert first.evaluate("card => card === document.activeElement")
    page.keyboard.press("c")
    first.locator(".chip.confirmed").wait_for()
    page.keyboard.press("u")
    first.locator(".chip.confirmed").wait_for(state="detached")
    page.keyboard.press("e")
    page.get_by_label("Label", exact=True).last.fill("<b>flag</b>")
    page.keyboard.press("Enter")
    first.locator(".chip.corrected").wait_for()
    page.reload()
    assert page.locator("[data-walk] .card strong").first.inner_text() == "<b>flag</b>"
    page.keyboard.press("j")
    page.keyboard.press("u")
    first.locator(".chip.corrected").wait_for(state="detached")


def test_a_dropped_picture_finds_its_moment_which_then_plays(page: "Page", address: str) -> None:
    videos = {item["source"]: item for item in wait_for_videos(address)}
    wanted = videos["flicker1.mp4"]
    still = httpx.get(f"{address}/api/videos/{wanted['id']}/still.jpg?seconds=1&side=640").content
    page.goto("/search")
    page.evaluate(DROP, ["wanted.jpg", base64.b64encode(still).decode()])
    found = page.locator("[data-found] .card")
    found.first.wait_for()
    source = found.first.locator("strong").inner_text()
    assert source.startswith("flicker")  # all of these look alike
    found.first.get_by_role("link", name=source, exact=True).click()
    until(page, "document.getElementById('video')?.readyState >= 2")
    page.locator("#timeline svg").wait_for()
    ticks = "[...document.querySelectorAll('#timeline .tick')].map((tick) => tick.textContent)"
    whole = page.evaluate(ticks)
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    page.keyboard.press("+")
    nearer = page.evaluate(ticks)
    assert set(nearer) < set(whole)
    assert nearer[-1] == whole[-1]
    page.keyboard.press("0")
    assert page.evaluate(ticks) == whole
    page.get_by_role("link", name="More like this").click()
    page.get_by_role("heading", name=re.compile(f"Moments like {source}")).wait_for()
    page.locator("[data-found] .card").first.wait_for()


def test_moments_are_collected_trained_from_and_switched_on(page: "Page", address: str) -> None:
    videos = wait_for_videos(address)
    for name in ("flicker", "still"):
        of_class = [video for video in videos if video["source"].startswith(name)]
        for video in of_class:
            page.goto(f"/videos/{video['id']}")
            until(page, "document.getElementById('video')?.readyState >= 1")
            page.keyboard.press("i")
            page.evaluate("document.getElementById('video').currentTime = 3.5")
            until(page, "document.getElementById('video').currentTime > 3")
            page.get_by_role("button", name="End").click()
            page.get_by_label("Into the class").fill(f"my {name}")
            page.get_by_role("button", name="Add example").click()
            page.get_by_text(f"One more example of my {name}.").wait_for()
    page.goto("/teach")
    assert page.locator("[data-class]").count() == 2
    assert page.locator(".thumbs li").count() == 2 * VIDEOS
    page.get_by_label("Name of the head").fill("mine")
    page.get_by_role("button", name="Train").click()
    page.locator("[data-training][data-state=done]").wait_for(timeout=PATIENCE_MILLISECONDS)
    page.get_by_role("link", name="mine").click()
    assert page.locator(".big").inner_text().startswith("100.0 %")
    until(
        page,
        "[...document.querySelectorAll('.charts img')].filter((i) => i.naturalWidth).length >= 2",
    )
    page.get_by_role("button", name="Switch on").click()
    page.wait_for_url("**/teach*")
    with httpx.Client(base_url=address) as client:
        while client.get("/api/archive").json()["head"] != "mine":
            time.sleep(0.1)
    page.goto("/events?kind=archive")
    labels = set(page.locator("[data-walk] .card strong").all_inner_texts())
    assert labels == {"my flicker", "my still"}


def test_many_are_collected_at_once(page: "Page", address: str) -> None:
    videos = wait_for_videos(address)
    page.goto(f"/search?like={videos[0]['id']}@1")
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    assert page.locator("[data-picked]").inner_text() == "3"
    page.keyboard.press("a")
    cards = page.locator("[data-walk] .card").count()
    assert page.locator("[data-picked]").inner_text() == str(cards)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(2):
        page.keyboard.press("k")
    page.keyboard.press("Shift+X")
    assert page.locator("[data-picked]").inner_text() == "3"
    page.get_by_label("New class").fill("many")
    with page.expect_navigation():
        page.get_by_role("button", name="Add to it").click()
    page.goto("/teach")
    group = page.locator("[data-class='many']")
    assert "3 examples" in group.inner_text()
    for _ in range(3):
        with page.expect_navigation():
            group.locator("[data-delete-example]").first.click()
    with page.expect_navigation():
        group.locator("[data-delete-class]").click()
    assert page.locator("[data-class='many']").count() == 0


def test_corrections_are_collected_into_the_classes_of_their_labels(
    page: "Page", address: str
) -> None:
    wait_for_videos(address)
    with httpx.Client(base_url=address) as client:
        headers = {"X-CSRF-Token": client.get("/api/session").json()["csrf_token"]}
        events = client.get("/api/events", params={"kind": "archive"}).json()["items"]
        for event, label in zip(events[:3], ("red cup", "red cup", "blue cup"), strict=True):
            verdict = {"verdict": "corrected", "label": label}
            client.put(f"/api/events/{event['id']}/verdict", json=verdict, headers=headers)
        page.goto("/events?kind=archive&verdict=corrected")
        page.keyboard.press("a")
        page.keyboard.press("0")
        page.get_by_text("1 into blue cup.").wait_for()
        page.get_by_text("2 into red cup.").wait_for()
        assert page.locator("[data-class-bar]").is_hidden()
        classes = {each["name"]: each["examples"] for each in client.get("/api/classes").json()}
        assert (classes["red cup"], classes["blue cup"]) == (2, 1)
        for event in events[:3]:
            client.delete(f"/api/events/{event['id']}/verdict", headers=headers)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_read_by_all(browser: "Browser", address: str, scheme: Any) -> None:
    videos = wait_for_videos(address)
    context = browser.new_context(base_url=address, color_scheme=scheme)
    page = context.new_page()
    paths = ["/", "/events", "/videos", f"/videos/{videos[0]['id']}", "/teach", "/nothing"]
    paths += [f"/search?like={videos[0]['id']}@1", "/events?label=none", "/videos?text=zzz"]
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = faults(page)
    context.close()
    assert found == {path: [] for path in paths}


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: "Page") -> None:
    page.goto("/events")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_a_page_with_a_password_opens_with_it_only(browser: "Browser", tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    with served(tmp_path / "data", password_file=tmp_path / "password") as (port, _):
        context = browser.new_context(base_url=f"http://127.0.0.1:{port}")
        page = context.new_page()
        page.goto("/events")
        assert page.url.endswith("/sign-in?next=/events")
        assert faults(page) == []
        page.get_by_label("Password").fill("wrong horse battery")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("this is not the password").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Events").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto("/events")
        assert "/sign-in" in page.url
        # A browser takes the tab away, and "//elsewhere/" is left.
        page.goto("/sign-in?next=/%09/elsewhere/")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Live").wait_for()
        context.close()
