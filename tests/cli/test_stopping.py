"""In processes of their own, since a signal to this one concerns all tests that come later."""

import subprocess
import sys

import pytest

PROLOGUE = """
import os, signal, time
from ghoststream.cli.stopping import ECHO_SECONDS, reload_on_hangup, stop_on_signals
"""


def said(program: str) -> str:
    command = [sys.executable, "-c", PROLOGUE + program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_signal_asks_and_the_second_insists(name: str) -> None:
    program = f"""
with stop_on_signals() as stop:
    print(stop.is_set())
    os.kill(os.getpid(), signal.{name})
    print(stop.is_set())
    os.kill(os.getpid(), signal.{name})  # an echo: `timeout` signals a command, and then its group
    print("goes on")
    time.sleep(ECHO_SECONDS + 0.05)
    try:
        os.kill(os.getpid(), signal.{name})
    except KeyboardInterrupt:
        print("at once")
"""
    assert said(program).split("\n") == ["False", "True", "goes on", "at once", ""]


def test_a_hangup_asks_for_another_look_and_ends_nothing() -> None:
    program = """
with reload_on_hangup() as hangup:
    print(hangup.is_set())
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGHUP)
        print(hangup.wait(10))
        hangup.clear()
"""
    assert said(program).split() == ["False", "True", "True"]


def test_what_was_there_before_comes_back() -> None:
    program = """
numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
before = list(map(signal.getsignal, numbers))
with stop_on_signals(), reload_on_hangup():
    print(list(map(signal.getsignal, numbers)) == before)
print(list(map(signal.getsignal, numbers)) == before)
"""
    assert said(program).split() == ["False", "True"]
