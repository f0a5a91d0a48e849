import pytest

from ghoststream.serve.security.attempts import FREE, LONGEST_WAIT_SECONDS, OVERALL, Attempts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock=clock)


def test_waits_double(attempts: Attempts, clock: Clock) -> None:
    assert [attempts.begin("10.0.0.9") for _ in range(FREE)] == [0] * FREE
    waits = []
    for _ in range(12):
        waits.append(attempts.begin("10.0.0.9"))
        clock.now += waits[-1]
        assert attempts.begin("10.0.0.9") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_asking_while_one_waits_makes_it_no_longer(attempts: Attempts) -> None:
    for _ in range(FREE):
        attempts.begin("10.0.0.9")
    assert {attempts.begin("10.0.0.9") for _ in range(100)} == {1}


def test_another_address_does_not_wait(attempts: Attempts) -> None:
    for _ in range(FREE + 1):
        attempts.begin("10.0.0.9")
    assert attempts.begin("10.0.0.8") == 0


def test_one_network_of_ipv6_is_one_address(attempts: Attempts) -> None:
    for number in range(FREE):
        assert attempts.begin(f"2001:db8::{number}") == 0
    assert attempts.begin("2001:db8::ffff") == 1
    assert attempts.begin("2001:db8:0:1::1") == 0


def test_an_address_of_ipv4_in_ipv6_is_itself(attempts: Attempts) -> None:
    for _ in range(FREE):
        attempts.begin("::ffff:10.0.0.9")
    assert attempts.begin("10.0.0.9") == 1
    assert attempts.begin("::ffff:10.0.0.8") == 0


def test_the_right_password_forgives(attempts: Attempts) -> None:
    for _ in range(FREE):
        attempts.begin("10.0.0.9")
    attempts.succeeded("10.0.0.9")
    assert attempts.begin("10.0.0.9") == 0


def test_many_addresses_together_wait_too(attempts: Attempts, clock: Clock) -> None:
    for number in range(OVERALL):
        assert attempts.begin(f"10.0.1.{number}") == 0
    assert attempts.begin("10.0.2.1") == 60
    clock.now += 60
    assert attempts.begin("10.0.2.1") == 0
