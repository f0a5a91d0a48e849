"""Where the results of cameras go.

outputs = open_outputs(config, paths, send=supervisor.send, watcher=watcher)
outputs.sink.write(event, header)
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from ghoststream.config import RunConfig
from ghoststream.errors import OutputError
from ghoststream.runners.live.evidence.sink import EvidenceRules, EvidenceSink
from ghoststream.runners.live.messages import ToCapture
from ghoststream.runners.live.monitoring.snapshot import SpoolSnapshot
from ghoststream.runners.outputs import STANDARD_OUTPUT, Outputs, check_writable
from ghoststream.sinks.delivery import DeliverySink, check_receivers
from ghoststream.sinks.live import LiveFanOut, LiveWatcher
from ghoststream.sinks.live_log import LiveLog
from ghoststream.sinks.live_table import LiveTable
from ghoststream.sinks.mqtt import Broker

GB = 1_000_000_000
MB = 1_000_000
DAY_SECONDS = 86_400

Send = Callable[[str, ToCapture], None]


class LiveOutputs:
    """All sinks of a live run, opened together and closed together.

    Args:
        config: names them.
        paths: of the event log and the table.
        send: takes the name of a camera and a command for its process.
        watcher: is told everything, too, and takes notices.

    Raises:
        ConfigError, OutputError: one of them cannot be had; those opened before are closed again.
    """

    def __init__(
        self, config: RunConfig, paths: Outputs, *, send: Send, watcher: LiveWatcher
    ) -> None:
        self._watcher = watcher
        with ExitStack() as opened:
            if (evidence := _evidence(config, send)) is not None:
                opened.enter_context(closing(evidence))
            if (delivery := _delivery(config, watcher)) is not None:
                opened.callback(delivery.close, 0.0)
            # Last, so that a run that cannot begin leaves no empty log behind.
            self._logs = [
                opened.enter_context(closing(log)) for log in _logs(config, paths, watcher)
            ]
            opened.pop_all()
        self.evidence, self.delivery = evidence, delivery
        self._files = [sink for sink in (*self._logs, evidence) if sink is not None]
        self.sink = LiveFanOut(
            [sink for sink in (*self._files, delivery, watcher) if sink is not None]
        )

    @property
    def lost_lines(self) -> int:
        """Lines and messages that a disk did not take."""
        unwritten = 0 if self.delivery is None else self.delivery.unwritten
        return unwritten + sum(log.lost_lines for log in self._logs)

    def spools(self) -> list[SpoolSnapshot]:
        """The receivers, and what waits for them."""
        delivery = self.delivery
        if delivery is None:
            return []
        return [
            SpoolSnapshot(
                destination=name,
                depth=delivery.depth(name),
                dropped=delivery.dropped(name),
                rejected=delivery.rejected(name),
                is_connected=delivery.is_connected(name),
            )
            for name in delivery.destinations
        ]

    def tick(self) -> None:
        """What has to be done now and then."""
        if self.evidence is not None:
            try:
                self.evidence.tick()
            except OutputError as error:
                self._watcher.notice(str(error))

    def remove(self, camera: str) -> None:
        """A camera is watched no more, and nobody expects it any longer."""
        if self.delivery is not None:
            self.delivery.remove(camera)

    def close(self, deadline: float) -> None:
        """Closes files, and tries to deliver what waits.

        Args:
            deadline: by `time.monotonic`.
        """
        with ExitStack() as ending:
            if self.delivery is not None:
                ending.callback(self._deliver, self.delivery, deadline)
            # What comes last here is closed first.
            for sink in self._files:
                ending.callback(sink.close)
        self._tell_of_losses()
        self._watcher.close()

    def _tell_of_losses(self) -> None:
        if self.lost_lines:
            self._watcher.notice(f"the disk did not take {self.lost_lines} lines and messages")
        counts = None if self.evidence is None else self.evidence.counts
        if counts is not None and counts.unwritten_sidecars:
            self._watcher.notice(f"{counts.unwritten_sidecars} notes beside clips are not written")
        if counts is not None and counts.undeletable:
            self._watcher.notice(f"{counts.undeletable} files of evidence could not be deleted")

    @staticmethod
    def _deliver(delivery: DeliverySink, deadline: float) -> None:
        delivery.close(max(0.0, deadline - time.monotonic()))


def _logs(config: RunConfig, paths: Outputs, watcher: LiveWatcher) -> Iterator[LiveLog | LiveTable]:
    if "jsonl" in paths:
        yield LiveLog(_target(paths["jsonl"]), notice=watcher.notice, has_clips=config.log_clips)
    if "csv" in paths:
        yield LiveTable(paths["csv"], notice=watcher.notice)


def _target(path: Path) -> Path | str:
    return "-" if path == STANDARD_OUTPUT else path


def _evidence(config: RunConfig, send: Send) -> EvidenceSink | None:
    if config.evidence is None:
        return None
    rules = EvidenceRules(
        pre_roll_seconds=config.pre_roll,
        post_roll_seconds=config.post_roll,
        clip_max_seconds=config.clip_max,
        max_bytes=round(config.evidence_budget * GB),
        max_age_seconds=float(config.evidence_days * DAY_SECONDS),
    )
    return EvidenceSink(config.evidence, rules=rules, send=send)


def _delivery(config: RunConfig, watcher: LiveWatcher) -> DeliverySink | None:
    if config.mqtt is None and not config.webhook:
        return None
    return DeliverySink(
        config.spool,
        max_bytes=round(config.spool_budget * MB),
        broker=_broker(config),
        webhooks=config.webhook,
        webhook_secret=_secret(config),
        is_discoverable=config.home_assistant,
        notices=watcher.notice,
    )


def _broker(config: RunConfig) -> Broker | None:
    if config.mqtt is None:
        return None
    return Broker(
        address=config.mqtt,
        prefix=config.mqtt_prefix,
        ca=config.mqtt_ca,
        is_insecure=config.mqtt_insecure,
    )


def _secret(config: RunConfig) -> str | None:
    return None if config.webhook_secret is None else config.webhook_secret.get_secret_value()


def check_delivery(config: RunConfig) -> list[str]:
    """Redacted names of those who are to be told of events; nobody is called, nothing written.

    Raises:
        ConfigError, OutputError: they cannot be told with these settings.
    """
    names = check_receivers(_broker(config), config.webhook, _secret(config))
    if names:
        check_writable(config.spool / "messages")
    return names
