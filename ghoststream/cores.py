"""How much of the processor is ours."""

import os


def available_cores() -> int:
    """Cores that this process may use: containers and `taskset` may allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
