import pytest

from ghoststream.errors import ConfigError
from ghoststream.train.threshold import choose_threshold, parse_limit


def test_as_many_alarms_are_allowed_as_the_limit_says() -> None:
    assert parse_limit("2/h").allowed(windows=100, seconds=5400.0) == 3
    assert parse_limit("0.5/h").allowed(windows=100, seconds=5400.0) == 0
    assert parse_limit("5%").allowed(windows=100, seconds=5400.0) == 5


@pytest.mark.parametrize("text", ["2", "", "x/h", "-1/h", "nan/h", "inf/h", "100%", "5 per hour"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 2/h"):
        parse_limit(text)


@pytest.mark.parametrize(("allowed", "threshold"), [(0, 0.901), (1, 0.601), (2, 0.201), (3, 0.0)])
def test_the_threshold_lets_no_more_pass(allowed: int, threshold: float) -> None:
    scores = [0.6, 0.9, 0.2]
    assert choose_threshold(scores, allowed=allowed) == threshold
    assert sum(score >= threshold for score in scores) == allowed
