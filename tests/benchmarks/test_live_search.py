"""How the benchmark of live cameras finds the most, and reads lags out of a histogram."""

import math

import pytest
from live import by_label, largest, quantile
from prometheus_client.samples import Sample
from soak import Look, quarters, targets


@pytest.mark.parametrize("most", [0, 1, 2, 3, 11, 16, 31])
def test_the_largest_number_that_holds_is_found(most: int) -> None:
    tried: list[int] = []

    def holds(cameras: int) -> bool:
        tried.append(cameras)
        return cameras <= most

    assert largest(holds, 2) == most
    assert len(tried) == len(set(tried)) <= 10


def test_a_quantile_lies_between_two_bounds() -> None:
    up_to = {0.1: 0.0, 0.5: 10.0, 1.0: 20.0, math.inf: 20.0}
    assert quantile(up_to, 0.5) == 0.5
    assert quantile(up_to, 0.25) == pytest.approx(0.3)
    assert quantile(up_to, 0.95) == pytest.approx(0.95)
    assert math.isnan(quantile({math.inf: 0.0}, 0.5))
    assert quantile({1.0: 1.0, math.inf: 20.0}, 0.95) == math.inf  # later than can be told


def test_a_metric_is_summed_by_a_label() -> None:
    samples = [
        Sample("lag", {"camera": "a", "le": "1.0"}, 2),
        Sample("lag", {"camera": "b", "le": "1.0"}, 3),
        Sample("other", {"camera": "b", "le": "1.0"}, 100),
    ]
    assert by_label(samples, "lag", "le") == {"1.0": 5}


def test_what_grows_misses_its_target() -> None:
    looks = [
        Look(
            seconds=second,
            processes=3,
            resident_megabytes=100 + second,
            largest_megabytes=100,
            files=20,
            threads=10,
        )
        for second in range(100)
    ]
    verdicts = {target.about: target.verdict for target in targets(looks)}
    assert verdicts.pop("resident MB, all, last / first quarter") == "missed"
    assert set(verdicts.values()) == {"met"}
    assert "| resident MB, all | 112.0 | 187.0 | 199.0 |" in quarters(looks)
