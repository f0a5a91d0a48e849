import os
import signal
import time

import pytest

from ghoststream.cli.stopping import ECHO_SECONDS, reload_on_hangup, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_insists(number: int) -> None:
    with stop_on_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.is_set()
        os.kill(os.getpid(), number)  # an echo: `timeout` signals a command, and then its group
        time.sleep(ECHO_SECONDS + 0.05)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_what_was_there_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    with stop_on_signals(), reload_on_hangup() as hangup:
        os.kill(os.getpid(), signal.SIGHUP)
        assert hangup.is_set()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)) == before
