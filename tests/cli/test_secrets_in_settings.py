"""What is said of settings, and what holds them, shows no secret in them."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from mistakes import BROKEN, RAW
from spellings import CREDENTIALS, SIGNING_SECRET, hook_address, leaks

from ghoststream.cli import main
from ghoststream.config import RunConfig
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.runners.live.cameras import plan_cameras
from ghoststream.runners.live.messages import CaptureSpec
from ghoststream.sinks.mqtt import Broker, MqttLink
from ghoststream.sinks.webhook import Webhook


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_settings_that_do_not_hold_tell_no_secret(text: str, tmp_path: Path) -> None:
    pipeline = tmp_path / "broken.yaml"
    pipeline.write_text(text.replace("source: '0'", "source: lacking.rtsp"), "utf-8")
    done = CliRunner().invoke(main, ["run", str(pipeline), "--json"])
    assert done.exit_code == 2
    assert "Error: " in done.output
    assert leaks(done.output.encode()) == []


@pytest.mark.parametrize("option", ["--evidence", "--out", "--roi", "--fps", "--mqtt-prefix"])
def test_an_address_at_the_wrong_place_is_not_shown(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["run", "lacking.mp4", option, RAW])
    assert done.exit_code == 2
    assert "belongs into source" in done.output
    assert leaks(done.output.encode()) == []
    assert list(tmp_path.iterdir()) == []


def test_what_holds_an_address_does_not_show_it() -> None:
    camera = {"name": "gate", "source": RAW}
    config = RunConfig(
        source=RAW,
        cameras=[camera],
        mqtt=f"mqtt://{CREDENTIALS}@h",
        webhook=hook_address(9),
        webhook_secret=SIGNING_SECRET,
    )
    plans = plan_cameras(config)
    access = plans[0].source.access()
    broker = Broker(address=f"mqtt://{CREDENTIALS}@h")
    webhook = Webhook(hook_address(9), secret=SIGNING_SECRET)
    link = MqttLink(broker, notices=print)
    spec = CaptureSpec(
        name="gate",
        access=access,
        sampling=plans[0].sampling,
        preprocessing=Preprocessing(),
        regions=plans[0].regions,
    )
    holders = [config, *config.cameras, *plans, *(plan.source for plan in plans), access, spec]
    holders += [broker, broker.parsed(), webhook, link]
    for holder in holders:
        assert leaks(f"{holder!r} {holder}".encode()) == []
    assert leaks(config.model_dump_json(exclude={"source"}).encode()) == []
    webhook.close()
