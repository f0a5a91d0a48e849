import pytest

from ghoststream.serve.security.passwords import hashed, is_hash, matches


def test_a_hash_opens_for_its_password_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.serve.security.passwords.COST", 2**10)
    stored = hashed("correct horse")
    assert matches("correct horse", stored)
    assert not matches("correct horsf", stored)
    assert not matches("", stored)


def test_a_hash_says_how_it_was_made_and_not_of_what() -> None:
    stored = hashed("correct horse")
    assert stored.startswith("scrypt$32768$8$1$")
    assert "correct" not in stored
    assert hashed("correct horse") != stored


@pytest.mark.parametrize(
    "line",
    [
        "correct horse",
        "scrypt$32768$8$1$$",
        "scrypt$32768$8$1$c2FsdA==$aGFzaA==",
        "scrypt$many$8$1$" + "A" * 24 + "$" + "A" * 44,
        "bcrypt$32768$8$1$" + "A" * 24 + "$" + "A" * 44,
        "scrypt$32768$8$1$!$!",
    ],
)
def test_what_looks_like_a_hash_and_is_none(line: str) -> None:
    assert not is_hash(line)


def test_a_hash_of_another_cost_is_taken() -> None:
    # scrypt of "correct horse" with n=16384, r=8, p=1 and sixteen bytes 0..15 as salt.
    import base64
    import hashlib

    salt = bytes(range(16))
    digest = hashlib.scrypt(b"correct horse", salt=salt, n=2**14, r=8, p=1, dklen=32)
    parts = [base64.b64encode(part).decode() for part in (salt, digest)]
    assert matches("correct horse", "$".join(["scrypt", "16384", "8", "1", *parts]))
