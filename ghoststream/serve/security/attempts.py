"""How often somebody may try to sign in.

attempts = Attempts()
seconds = attempts.begin("10.0.0.9")  # 0 where it may try, else how long it is to wait
attempts.succeeded("10.0.0.9")
"""

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Attempts that may fail before the first wait."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 900.0
FORGIVEN_SECONDS = 24 * 3600.0
"""After which failures no longer count."""
ADDRESSES = 10_000
"""That are remembered; beyond it the oldest is forgotten."""
OVERALL = 60
"""Attempts of all addresses together within a minute."""
MINUTE_SECONDS = 60.0
DOUBLINGS = 30


@dataclass(slots=True, kw_only=True)
class _Failures:
    count: int = 0
    newest_seconds: float = 0.0

    def wait_seconds(self) -> float:
        if self.count < FREE:
            return 0.0
        doubled = FIRST_WAIT_SECONDS * 2.0 ** min(self.count - FREE, DOUBLINGS)
        return min(LONGEST_WAIT_SECONDS, doubled)


class Attempts:
    """Counts them by address; of IPv6, by network, since everybody has addresses by the billion.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._newest: deque[float] = deque()

    def begin(self, address: str) -> int:
        """Counts an attempt as failed until it has succeeded, so that many at once do not help.

        Returns:
            Whole seconds to wait; 0 where it may try.
        """
        now, failures = self._clock(), self._of(network_of(address))
        left = failures.newest_seconds + failures.wait_seconds() - now
        left = max(left if failures.count else 0.0, self._overall_seconds(now))
        if left > 0:
            return math.ceil(left)
        failures.count, failures.newest_seconds = failures.count + 1, now
        self._newest.append(now)
        return 0

    def succeeded(self, address: str) -> None:
        """Forgets the failures of one who knows the password after all."""
        self._failures.pop(network_of(address), None)

    def _of(self, network: str) -> _Failures:
        failures = self._failures.pop(network, None) or _Failures()
        if self._clock() - failures.newest_seconds > FORGIVEN_SECONDS:
            failures = _Failures()
        self._failures[network] = failures
        if len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)
        return failures

    def _overall_seconds(self, now: float) -> float:
        while self._newest and now - self._newest[0] >= MINUTE_SECONDS:
            self._newest.popleft()
        if len(self._newest) < OVERALL:
            return 0.0
        return self._newest[0] + MINUTE_SECONDS - now


def network_of(address: str) -> str:
    """Whom an address stands for: itself, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
