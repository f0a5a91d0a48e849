"""What the system says of processes whose doings are known."""

import subprocess
import sys

from processes import cpu_seconds, open_files, resident_bytes, threads, with_descendants

MEGABYTE = 1 << 20
CHILD = "import time; x = b'x' * (100 << 20); print('ready', flush=True); time.sleep(60)"
PARENT = f"""
import subprocess, sys, threading, time
files = [open('/dev/null') for _ in range(20)]
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
child = subprocess.Popen([sys.executable, '-c', {CHILD!r}])
child.wait()
"""


def test_a_family_is_counted_whole() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        family = with_descendants(process.pid)
        assert len(family) == 2
        assert threads(family) == 3
        assert 23 <= open_files(family[:1]) <= 30
        assert 100 * MEGABYTE < resident_bytes(family) < 180 * MEGABYTE
        assert 0.3 <= cpu_seconds(family[:1]) < 2
        for pid in family:
            subprocess.run(["kill", "-9", str(pid)], check=True)
    ended = family[:1]
    assert resident_bytes(ended) == open_files(ended) == threads(ended) == cpu_seconds(ended) == 0
