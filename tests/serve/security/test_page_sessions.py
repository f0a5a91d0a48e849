import anyio
import pytest

from ghoststream.serve.security.sessions import IDLE_SECONDS, LIFE_SECONDS, SESSIONS, Sessions


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(b"secret", clock=clock)


def test_a_session_is_found_by_its_id_alone(sessions: Sessions) -> None:
    session = sessions.begin()
    assert sessions.find(session.id) is session
    assert sessions.find("") is None
    assert sessions.find(session.id[:-1]) is None
    assert session.id not in repr(session)


def test_an_unused_session_ends(sessions: Sessions, clock: Clock) -> None:
    session = sessions.begin()
    clock.now += IDLE_SECONDS - 1
    assert sessions.find(session.id) is session
    clock.now += IDLE_SECONDS + 1
    assert sessions.find(session.id) is None
    assert sessions.count == 0


def test_a_used_session_ends_too(sessions: Sessions, clock: Clock) -> None:
    session = sessions.begin()
    for _ in range(LIFE_SECONDS // IDLE_SECONDS):
        clock.now += IDLE_SECONDS
        assert sessions.find(session.id) is session
    clock.now += 1
    assert sessions.find(session.id) is None


def test_signing_out_ends_it(sessions: Sessions) -> None:
    session = sessions.begin()
    sessions.end(session)
    assert sessions.find(session.id) is None


def test_there_are_never_more_than_so_many(sessions: Sessions) -> None:
    first = sessions.begin()
    for _ in range(SESSIONS):
        newest = sessions.begin()
    assert sessions.count == SESSIONS
    assert sessions.find(first.id) is None
    assert sessions.find(newest.id) is newest


def test_answers_under_way_end_with_their_session(sessions: Sessions) -> None:
    session = sessions.begin()
    ended = []

    async def answer() -> None:
        with sessions.answering(session):
            await anyio.sleep_forever()
        ended.append(True)

    async def sign_out() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(answer)
            await anyio.wait_all_tasks_blocked()
            sessions.end(session)

    anyio.run(sign_out)
    assert ended == [True]


def test_an_open_page_is_in_use(sessions: Sessions, clock: Clock) -> None:
    session = sessions.begin()

    async def look() -> None:
        with sessions.answering(session):
            clock.now += IDLE_SECONDS + 1
            assert sessions.find(session.id) is session

    anyio.run(look)


def test_tokens_against_forgery_are_of_one_session(sessions: Sessions) -> None:
    one, another = sessions.begin(), sessions.begin()
    assert sessions.is_csrf_token(sessions.csrf_token(one), one)
    assert not sessions.is_csrf_token(sessions.csrf_token(one), another)
    assert not sessions.is_csrf_token(sessions.csrf_token(None), one)
    assert not sessions.is_csrf_token("", None)
    assert not sessions.is_csrf_token("\udcff", None)
    assert sessions.csrf_token(None) != Sessions(b"another").csrf_token(None)
