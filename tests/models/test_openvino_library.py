"""The binding can be used by several threads from the start."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from ghoststream.models.openvino_library import openvino

sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)

def ask():
    barrier.wait()
    openvino.Type.u8.to_dtype()

threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("came back")
"""


@pytest.mark.parametrize("_", range(2))
def test_threads_that_begin_together_do_not_wait_for_each_other_for_ever(_: int) -> None:
    # In a process of its own: it happens once in each, and cannot be interrupted.
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("came back\n", "")
