"""Webhooks are signed, told apart good from bad, and never named with a secret."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Iterator

import pytest
from mqtt_broker import free_port
from webhook_server import WebhookServer

from ghoststream.errors import ConfigError
from ghoststream.sinks.deliverer import NotDelivered, Rejected
from ghoststream.sinks.spool import Message
from ghoststream.sinks.webhook import Webhook, retry_after, signature, webhook_name

BODY = Message(camera="door", kind="events", body=b'{"type":"new"}', message_id="m-1")
SECRETS = ("p@ss", "p%40ss", "t0ken", "w/rd")


@pytest.fixture
def server() -> Iterator[WebhookServer]:
    with WebhookServer() as server:
        yield server


def sent(address: str, secret: str | None = None) -> Webhook:
    return Webhook(address, secret=secret, clock=lambda: 1_790_000_000.9)


def test_a_message_is_posted_and_signed(server: WebhookServer) -> None:
    key = base64.b64encode(b"0123456789abcdef").decode()
    sent(server.url, f"whsec_{key}").send(BODY)
    (request,) = server.requests
    assert request.body == b'{"type":"new"}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "m-1"
    assert request.headers["webhook-timestamp"] == "1790000000"
    signed = hmac.new(b"0123456789abcdef", b'm-1.1790000000.{"type":"new"}', hashlib.sha256)
    expected = base64.b64encode(signed.digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_specification() -> None:
    # The example that the specification's own libraries are tested with.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed(server: WebhookServer) -> None:
    sent(server.url).send(BODY)
    assert "webhook-signature" not in server.requests[0].headers


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64!"])
def test_a_secret_of_no_use_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="--webhook-secret"):
        sent("http://host/hook", secret)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_word_that_a_message_is_bad_is_final(server: WebhookServer, status: int) -> None:
    server.answers = [status]
    with pytest.raises(Rejected, match=f"it answers {status}"):
        sent(server.url).send(BODY)


@pytest.mark.parametrize("status", [301, 401, 404, 408, 429, 500, 503])
def test_other_answers_are_worth_another_try(server: WebhookServer, status: int) -> None:
    server.answers, server.headers = [status], {"retry-after": "7", "location": server.url}
    webhook = sent(server.url)
    with pytest.raises(NotDelivered, match=f"it answers {status}") as caught:
        webhook.send(BODY)
    assert caught.value.retry_after_seconds == 7
    assert webhook.trouble == f"it answers {status}"
    assert len(server.requests) == 1
    webhook.send(BODY)
    assert webhook.trouble is None


def test_nobody_there_is_worth_another_try() -> None:
    with pytest.raises(NotDelivered, match="cannot connect"):
        sent(f"http://127.0.0.1:{free_port()}/hook").send(BODY)


def test_silence_is_worth_another_try(
    server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.sinks.webhook.TIMEOUT_SECONDS", 0.2)
    server.answers = [0]
    with pytest.raises(NotDelivered, match="no answer within"):
        sent(server.url).send(BODY)


def test_user_name_and_password_are_sent_as_they_are_typed(server: WebhookServer) -> None:
    address = f"http://mé:p@ss/w?rd#%3A@127.0.0.1:{server.port}/hook?token=t0ken"
    sent(address).send(BODY)
    credentials = base64.b64encode("mé:p@ss/w?rd#:".encode()).decode()
    assert server.requests[0].headers["authorization"] == f"Basic {credentials}"
    assert server.requests[0].path == "/hook?token=t0ken"


def test_no_secret_of_an_address_shows(
    server: WebhookServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = sent(f"http://me:p@ss@127.0.0.1:{server.port}/w/rd?token=t0ken")
    good.send(BODY)
    bad = sent(f"http://me:p@ss@127.0.0.1:{free_port()}/w/rd?token=t0ken")
    with pytest.raises(NotDelivered) as caught:
        bad.send(BODY)
    assert caught.value.__suppress_context__
    assert any(record.name == "httpx" for record in caplog.records)
    written = caplog.text + str(caught.value) + repr(caught.value)
    assert [secret for secret in SECRETS if secret in written] == []
    assert good.name == f"http://127.0.0.1:{server.port}/w/rd"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://u:p@host/a/b?x=1", "https://host/a/b"),
        ("https://host", "https://host"),
        ("https://chat.example/T01/Xy0123456789abcdefghij", "https://chat.example/T01/***"),
        ("https://host:8443/key=abc/x", "https://host:8443/***/x"),
    ],
)
def test_names(address: str, name: str) -> None:
    assert webhook_name(address) == name


def test_other_schemes_are_refused() -> None:
    with pytest.raises(ConfigError, match="http://, https://; got ftp://"):
        sent("ftp://u:s3cret@host/x")


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, 0),
        ("7", 7),
        ("99999", 3600),
        ("soon", 0),
        ("²", 0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 20),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0),
    ],
)
def test_retry_after(value: str | None, wait: float) -> None:
    assert retry_after(value, now=40) == wait


def test_what_cannot_be_told_apart_is_refused() -> None:
    # A host, a port and a path, or a password that begins with a digit and holds a slash?
    with pytest.raises(ConfigError, match="write %2F for /") as caught:
        sent("http://user:12/s3cret@host/x")
    assert "s3cret" not in str(caught.value)
