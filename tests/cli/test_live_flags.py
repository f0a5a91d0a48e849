"""Flags and signals of runs that watch cameras."""

import pytest
from click.testing import CliRunner

from ghoststream.cli import main
from ghoststream.cli.settings import read_settings
from ghoststream.config import RunConfig


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--roi", "door=480,0,960,540"], "fractions of the picture"),
        (["--mqtt", "{GHOSTSTREAM_NOT_SET}"], "GHOSTSTREAM_NOT_SET is not set"),
        (["--webhook", "ftp://u:hush@h"], "webhook.0: an address here looks like https://"),
        (["--webhook-secret", "hush"], "webhook_secret without webhook"),
        (["--loop"], "set realtime too"),
    ],
)
def test_flags_that_do_not_hold_are_told_without_secrets(flags: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["run", "0", *flags])
    assert done.exit_code == 2
    assert message in done.output
    assert "hush" not in done.output


def test_several_regions_and_webhooks() -> None:
    flags = {"roi": ("a=0,0,1,0.5", "b=0,0.5,1,0.5"), "webhook": ("https://h/1", "https://h/2")}
    config = read_settings(RunConfig, ("0",), dict(flags))
    assert list(config.roi) == ["a", "b"]
    assert config.webhook == ("https://h/1", "https://h/2")
