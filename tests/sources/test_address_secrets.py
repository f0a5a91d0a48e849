"""Secrets of addresses come out of the environment."""

import pytest

from ghoststream.errors import ConfigError
from ghoststream.sources.address import filled_in


def test_environment_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTSTREAM_CAM", "p@ss/w")
    monkeypatch.setenv("GHOSTSTREAM_URL", "rtsp://u:p@cam/1")
    assert filled_in("rtsp://u:{GHOSTSTREAM_CAM}@cam") == "rtsp://u:p%40ss%2Fw@cam"
    assert filled_in("{GHOSTSTREAM_URL}") == "rtsp://u:p@cam/1"
    for text, words in [("rtsp://{HOME}@cam", "GHOSTSTREAM_"), ("{GHOSTSTREAM_NO}", "not set")]:
        with pytest.raises(ConfigError, match=words):
            filled_in(text)
