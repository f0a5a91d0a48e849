"""Secrets that are easy to find again, in whatever spelling a program may have brought them out.

    assert leaks(output) == []

Each secret is made of rare words with the signs between them that programs trip over. Whichever
way it is taken apart or encoded, a word stays whole, but for base64, which is searched for too.
"""

import base64
import json
import re
from urllib.parse import quote

USER = "kranichfederösilberfuchs@moorbirkhahn"
PASSWORD = (
    "walnussbaumä@haselstrauch/bergahornast?zitterpappel#vogelkirsche%zwergmispel"
    ":schlehdorn&mehlbeere=x'lorbeerhecke\"feldulmenhain\\kornelkirsche stechginster"
)
TOKEN = "goldhamster-käfigtür-schlüsselbund"
"""In the query of an address."""
HOOK_KEY = "T0Krotkehlchennistkasten_Bxz"
"""A step in the path of a webhook's address, as chat services have it."""
SIGNING_SECRET = "feuersalamanderteich+ölkäferlarve"

CREDENTIALS = f"{USER}:{PASSWORD}"
QUOTED = f"{quote(USER, '')}:{quote(PASSWORD, '')}"

SECRETS = (USER, PASSWORD, TOKEN, HOOK_KEY, SIGNING_SECRET)
WORDS = tuple(word for secret in SECRETS for word in re.findall(r"[A-Za-z0-9]{8,}", secret))
"""No umlaut, no sign: the same bytes in UTF-8, Latin-1, URLs, JSON and `repr`."""


def spellings(text: str) -> set[bytes]:
    """How a text may appear, in small letters where it makes no difference."""
    once = quote(text, safe="")
    escaped = {ascii(text)[1:-1], repr(text)[1:-1], json.dumps(text)[1:-1]}
    plain = {text, once, quote(once, safe=""), quote(text), text.encode().hex(), *escaped}
    encoded = {spelling.encode() for spelling in plain}
    return encoded | {text.encode("latin-1"), text.encode("utf-16-le")}


def base64_cores(data: bytes) -> set[bytes]:
    """What base64 makes of it inside of other data, wherever it stands there."""
    cores = set()
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + data)
        first, last = (0, 2, 3)[shift], len(coded) - (0, 4, 4)[(shift + len(data)) % 3]
        cores |= {coded[first:last], coded[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return cores


SMALL = {spelling.lower() for text in (*SECRETS, *WORDS) for spelling in spellings(text)}
EXACT = {core for word in WORDS for core in base64_cores(word.encode())}


def leaks(data: bytes) -> list[str]:
    """Each secret that is there, with what stands around it."""
    small = data.lower()
    found = [(small.find(needle), needle) for needle in SMALL]
    found += [(data.find(needle), needle) for needle in EXACT]
    return [
        f"{needle!r} in {data[max(0, at - 200) : at + len(needle) + 100]!r}"
        for at, needle in sorted(found)
        if at >= 0
    ]


def hook_address(port: int) -> str:
    """Of a webhook on this machine, with all that is secret in one."""
    return f"http://{QUOTED}@127.0.0.1:{port}/hooks/{HOOK_KEY}?token={quote(TOKEN)}"
