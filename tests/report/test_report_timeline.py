from ghoststream.report.timeline import ScoreSeries, top_labels


def test_what_fits_is_kept_as_it_is() -> None:
    series = ScoreSeries()
    series.add(1.0, {"cat": 0.5, "dog": 0.25})
    series.add(2.0, {"cat": 0.75})
    assert series.times() == [1.0, 2.0]
    assert series.line("cat") == [0.5, 0.75]
    assert series.line("dog") == [0.25, None]
    assert not series.is_reduced


def test_a_year_of_clips_takes_bounded_memory_and_keeps_every_peak() -> None:
    series = ScoreSeries(max_steps=100)
    for second in range(20_000):
        series.add(1.8e9 + second, {"cat": 0.9 if second == 777 else 0.1})
    assert 50 <= len(series) <= 100
    assert max(score for score in series.line("cat") if score is not None) == 0.9
    assert series.times() == sorted(series.times())
    assert series.is_reduced


def test_a_step_remembers_its_best_labels_only() -> None:
    series = ScoreSeries(max_steps=1)
    for number in range(100):
        series.add(number / 100, {f"label {number:02d}": number / 100})
    assert len(series.sums()) == 24
    assert series.line("label 99") == [0.99]
    assert series.line("label 00") == [None]


def test_labels_with_events_come_first() -> None:
    sums = {"cat": 3.0, "dog": 4.0, "cup": 5.0}
    assert top_labels(sums, ["cat", "never seen"], limit=2) == ["cat", "cup"]
