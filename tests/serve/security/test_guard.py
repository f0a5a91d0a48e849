import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pages import page

from ghoststream.serve.security.attempts import FREE

PASSWORD = "correct horse battery"
SECRET = "geheim"
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("ghoststream.serve.security.passwords.COST", 2**10)
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return file


@pytest.fixture
def open_page(tmp_path: Path) -> Iterator[TestClient]:
    with page(tmp_path / "data") as client:
        yield client


@pytest.fixture
def closed_page(tmp_path: Path, password_file: Path) -> Iterator[TestClient]:
    (tmp_path / "tokens").write_text(TOKEN)
    files = {"password_file": password_file, "token_file": tmp_path / "tokens"}
    with page(tmp_path / "data", host="0.0.0.0", **files) as client:
        yield client


def sign_in(client: TestClient, password: str = PASSWORD) -> int:
    answer = client.post("/api/session", json={"password": password})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer.status_code


def paths_of(client: TestClient) -> dict[str, list[str]]:
    openapi = client.app.openapi()  # type: ignore[attr-defined]
    return {path: list(methods) for path, methods in openapi["paths"].items()}


def test_this_machine_needs_no_password(open_page: TestClient) -> None:
    state = open_page.get("/api/session").json()
    assert (state["signed_in"], state["needs_password"]) == (True, False)
    assert open_page.get("/openapi.json").status_code == 200


def test_every_change_needs_a_token_against_forgery(open_page: TestClient) -> None:
    del open_page.headers["X-CSRF-Token"]
    changes = [
        (method.upper(), path)
        for path, methods in paths_of(open_page).items()
        for method in methods
        if method != "get"
    ]
    assert ("POST", "/api/session") in changes
    for method, path in changes:
        answer = open_page.request(method, path.replace("{", "").replace("}", ""))
        assert (answer.status_code, answer.json()["error"]) == (403, "CSRF"), (method, path)
        answer = open_page.request(method, path, headers={"X-CSRF-Token": "0" * 64})
        assert answer.status_code == 403


def test_who_has_not_signed_in_sees_nothing(closed_page: TestClient) -> None:
    public = {"/api/session", "/healthz", "/sign-in"}
    paths = {p for p in paths_of(closed_page) if p not in public} | {"/", "/none", "/openapi.json"}
    answers = [closed_page.get(path, follow_redirects=False) for path in sorted(paths)]
    assert {answer.status_code for answer in answers} == {401}
    # What is there and what is not cannot be told apart.
    assert len({answer.content for answer in answers}) == 1


def test_a_browser_is_led_to_the_page_to_sign_in(closed_page: TestClient) -> None:
    asked = {"Accept": "text/html,*/*"}
    answer = closed_page.get("/videos/a b?c=d", headers=asked, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/videos/a%20b")


def test_the_page_to_sign_in_and_what_it_loads_are_for_all(closed_page: TestClient) -> None:
    answer = closed_page.get("/sign-in")
    assert answer.status_code == 200
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text)
    assert loaded
    assert {closed_page.get(path).status_code for path in loaded} == {200}


@pytest.mark.parametrize(
    "path",
    ["/static/../api/events", "/static/%2e%2e/api/events", "/static//etc/passwd", "/sign-in/"],
)
def test_nothing_else_hides_behind_what_is_for_all(closed_page: TestClient, path: str) -> None:
    assert closed_page.get(path, follow_redirects=False).status_code in (401, 404)


def test_the_password_opens_and_signing_out_closes(closed_page: TestClient) -> None:
    assert sign_in(closed_page) == 200
    assert closed_page.get("/api/session").json()["signed_in"]
    assert closed_page.get("/openapi.json").status_code == 200
    cookies = dict(closed_page.cookies)
    assert closed_page.delete("/api/session").status_code == 200
    closed_page.cookies.update(cookies)
    assert closed_page.get("/openapi.json").status_code == 401


def test_the_cookie_is_for_this_page_alone(closed_page: TestClient) -> None:
    answer = closed_page.post("/api/session", json={"password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("ghoststream-")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_behind_https_the_cookie_goes_no_other_way(tmp_path: Path, password_file: Path) -> None:
    with page(tmp_path / "data", https=True, password_file=password_file) as client:
        answer = client.post("/api/session", json={"password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-ghoststream-")
        assert "Secure" in cookie.split("; ")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_signing_in_again_ends_the_session_before(closed_page: TestClient) -> None:
    sign_in(closed_page)
    before = dict(closed_page.cookies)
    sign_in(closed_page)
    assert dict(closed_page.cookies) != before
    closed_page.cookies.clear()
    closed_page.cookies.update(before)
    assert closed_page.get("/openapi.json").status_code == 401


def test_a_session_needs_its_own_token_against_forgery(closed_page: TestClient) -> None:
    of_anybody = closed_page.headers["X-CSRF-Token"]
    sign_in(closed_page)
    answer = closed_page.delete("/api/session", headers={"X-CSRF-Token": of_anybody})
    assert answer.status_code == 403


def test_wrong_passwords_are_counted(
    closed_page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ghoststream.serve.security.access.matches", lambda password, _: password == PASSWORD
    )
    assert [sign_in(closed_page, "wrong") for _ in range(FREE)] == [401] * FREE
    answer = closed_page.post("/api/session", json={"password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "set-cookie" not in answer.headers


def test_a_password_is_in_no_answer(closed_page: TestClient) -> None:
    for body in ({"password": {"x": "geheim-9"}}, {"password": "geheim-9" * 1000}, ["geheim-9"]):
        answer = closed_page.post("/api/session", json=body)
        assert answer.status_code == 422
        assert "geheim" not in answer.text


def test_programs_come_in_with_a_token(closed_page: TestClient) -> None:
    del closed_page.headers["X-CSRF-Token"]
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert closed_page.get("/openapi.json", headers=right).status_code == 200
    # No browser sends it by itself, so that nothing can be forged.
    assert closed_page.delete("/api/session", headers=right).status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 32, TOKEN[:-1], TOKEN + "0", "ä"])
def test_a_wrong_token_opens_nothing(closed_page: TestClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = closed_page.get("/openapi.json", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["error"] == "WRONG_TOKEN"


def test_a_wrong_token_is_not_saved_by_a_session(closed_page: TestClient) -> None:
    sign_in(closed_page)
    answer = closed_page.get("/openapi.json", headers={"Authorization": "Bearer " + "0" * 32})
    assert answer.status_code == 401


def test_a_name_of_others_is_not_answered(open_page: TestClient) -> None:
    for host in ("evil.com", "127.0.0.1.evil.com", ""):
        answer = open_page.get("/healthz", headers={"Host": host})
        assert (answer.status_code, answer.json()["error"]) == (421, "WRONG_HOST")


def test_a_page_of_others_is_not_answered(open_page: TestClient) -> None:
    # It may even hold the right token: what counts is who asks.
    for headers in ({"Origin": "http://evil.com"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = open_page.delete("/api/session", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "OTHER_ORIGIN")


def test_headers_are_on_every_answer(closed_page: TestClient) -> None:
    answers = [
        closed_page.get("/healthz"),
        closed_page.get("/none"),
        closed_page.get("/healthz", headers={"Host": "evil.com"}),
        closed_page.delete("/healthz"),
        closed_page.post("/api/session", content=b"x" * (2 << 20)),
        closed_page.post("/api/session", json={}),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 421, 405, 413, 422]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_a_defect_is_an_answer_with_headers_and_without_details(
    open_page: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(f"rtsp://user:{SECRET}@camera")

    monkeypatch.setattr("ghoststream.serve.state._lines", fail)
    answer = open_page.get("/metrics")
    assert (answer.status_code, answer.json()["error"]) == (500, "INTERNAL")
    assert answer.headers["x-content-type-options"] == "nosniff"
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert "state.py" in told
    assert SECRET not in told + answer.text


def test_the_log_holds_no_queries_and_no_line_breaks(open_page: TestClient, tmp_path: Path) -> None:
    open_page.get("/healthz?token=geheim")
    open_page.get("/a%0Ab")
    lines = (tmp_path / "data" / "access.log").read_text().splitlines()
    assert [line.split()[2:5] for line in lines] == [
        ["GET", "/healthz", "200"],
        ["GET", "/a%0Ab", "404"],
    ]


def test_metrics_count_answers(open_page: TestClient) -> None:
    open_page.get("/none")
    lines = open_page.get("/metrics").text.splitlines()
    assert 'ghoststream_page_answers_total{status="404"} 1' in lines
    assert "ghoststream_page_worker_restarts_total 0" in lines
