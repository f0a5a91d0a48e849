"""What a live run opens before it begins."""

from pathlib import Path

import pytest

from ghoststream.config import RunConfig, make_config
from ghoststream.errors import OutputError
from ghoststream.runners.live.outputs import LiveOutputs
from ghoststream.sinks.live import LiveWatcher


def test_a_run_that_cannot_begin_leaves_no_log_and_nothing_locked(tmp_path: Path) -> None:
    spool, log, evidence = tmp_path / "spool", tmp_path / "runs/1/log.jsonl", tmp_path / "evidence"
    settings = {"webhook": "http://127.0.0.1:1/", "spool": spool, "evidence": evidence}
    config = make_config(RunConfig, settings)

    def opened() -> LiveOutputs:
        return LiveOutputs(config, {"jsonl": log}, send=lambda *_: None, watcher=LiveWatcher())

    spool.touch()
    with pytest.raises(OutputError, match="a part of the path is a file"):
        opened()
    assert not log.parent.exists()
    spool.unlink()
    opened().close(deadline=0.0)
    assert log.exists()
