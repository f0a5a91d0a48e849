"""Who is signed in, for as long as this server runs.

sessions = Sessions(secret)
session = sessions.begin()
sessions.find(session.id)  # the same, until it has been unused or used for too long
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

IDLE_SECONDS = 12 * 3600
LIFE_SECONDS = 7 * 24 * 3600
SESSIONS = 1000
"""At once; beyond it the oldest ends."""
ID_BYTES = 32
ANYBODY = "anybody"


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One browser that has signed in."""

    id: str = field(repr=False)
    began_seconds: float
    used_seconds: float
    answers: set[anyio.CancelScope] = field(default_factory=set, repr=False)
    """That are under way; they end with the session."""


class Sessions:
    """Kept in memory only: they end when the server ends, and no id is ever on disk.

    All methods are for the event loop.

    Args:
        secret: of this page, for the tokens against forged requests.
        clock: seconds that never go back.
    """

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret, self._clock = secret, clock
        self._sessions: dict[str, Session] = {}

    @property
    def count(self) -> int:
        """That have begun, and have not been found to be over."""
        return len(self._sessions)

    def begin(self) -> Session:
        """For one who has shown that it may."""
        now = self._clock()
        session = Session(id=secrets.token_urlsafe(ID_BYTES), began_seconds=now, used_seconds=now)
        while len(self._sessions) >= SESSIONS:
            self.end(next(iter(self._sessions.values())))
        self._sessions[session.id] = session
        return session

    def find(self, id: str) -> Session | None:
        """The session of a cookie; None where there is none, or it is over."""
        session = self._sessions.get(id)
        if session is None:
            return None
        if self._is_over(session):
            self.end(session)
            return None
        session.used_seconds = self._clock()
        return session

    def _is_over(self, session: Session) -> bool:
        now = self._clock()
        is_idle = not session.answers and now - session.used_seconds > IDLE_SECONDS
        return is_idle or now - session.began_seconds > LIFE_SECONDS

    def end(self, session: Session) -> None:
        """Signs it out, and breaks off what is still being sent to it."""
        self._sessions.pop(session.id, None)
        for answer in session.answers:
            answer.cancel()

    @contextmanager
    def answering(self, session: Session) -> Iterator[None]:
        """While an answer is under way; it is cancelled when the session ends."""
        left_seconds = session.began_seconds + LIFE_SECONDS - self._clock()
        with anyio.move_on_after(left_seconds) as answer:
            session.answers.add(answer)
            try:
                yield
            finally:
                session.answers.discard(answer)
                session.used_seconds = self._clock()

    def csrf_token(self, session: Session | None) -> str:
        """What a page of ours knows and a page of others does not: it cannot read our answers."""
        owner = ANYBODY if session is None else session.id
        return hmac.new(self._secret, f"csrf:{owner}".encode(), hashlib.sha256).hexdigest()

    def is_csrf_token(self, token: str, session: Session | None) -> bool:
        """Whether a request that changes something comes from a page of ours."""
        expected = self.csrf_token(session).encode()
        return hmac.compare_digest(token.encode("utf-8", "replace"), expected)
