from typing import Any

import anyio
import pytest

from ghoststream.serve.security.bodies import BODY_BYTES, UPLOAD_BYTES, BodyLimits


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """Reads a body as frameworks do: whatever goes wrong with it becomes an answer of theirs."""
    try:
        while (await receive()).get("more_body"):
            pass
        status = 200
    except Exception:  # noqa: BLE001 - just as they do
        status = 400
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def status_of(
    chunks: list[bytes],
    headers: dict[str, str],
    *,
    between_seconds: float = 0,
    path: str = "/api/search",
) -> int:
    """What is answered to a body that comes in chunks; the last one says that it is whole."""
    sent: list[dict[str, Any]] = []
    rest = list(chunks)

    async def receive() -> dict[str, Any]:
        await anyio.sleep(between_seconds)
        return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw}
    anyio.run(BodyLimits(read_all, body_seconds=0.2), scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_a_body_that_fits() -> None:
    assert status_of([b"x" * BODY_BYTES], {"content-length": str(BODY_BYTES)}) == 200
    assert status_of([b"x" * 1000] * 1000, {}) == 200


@pytest.mark.parametrize("length", [str(BODY_BYTES + 1), "9" * 30])
def test_a_body_that_is_declared_too_large_is_not_read(length: str) -> None:
    assert status_of([], {"content-length": length}) == 413


def test_a_body_that_grows_too_large_is_broken_off() -> None:
    chunk = b"x" * (BODY_BYTES // 4)
    assert status_of([chunk] * 6, {}) == 413
    assert status_of([chunk] * 6, {"content-length": "5"}) == 413


def test_an_upload_may_be_larger() -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    chunk = b"x" * BODY_BYTES
    assert status_of([chunk] * 20, form) == 200
    assert status_of([chunk] * 21, form) == 413
    assert UPLOAD_BYTES == 20 << 20


def test_a_slow_body_is_broken_off() -> None:
    assert status_of([b"x"] * 1000, {}, between_seconds=0.01) == 408


def test_only_searches_take_as_much_as_a_picture_has() -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    chunks = [b"x" * BODY_BYTES, b"x"]
    assert status_of(chunks, form) == 200
    assert status_of(chunks, form, path="/api/session") == 413
