from fractions import Fraction

import pytest

from ghoststream import events
from ghoststream.events import EventRules, debounce
from ghoststream.types import Event, Label, Prediction, TimeSpan

CAT, DOG = 281, 151
RULES = EventRules(enter=0.5, leave=0.3)


def clip(start: float, *, window: float = 2, **scores: float) -> Prediction:
    ids = {"cat": CAT, "dog": DOG}
    return Prediction(
        span=TimeSpan(start=Fraction(start), end=Fraction(start + window)),
        labels=tuple(Label(label=k, label_id=ids[k], score=v) for k, v in scores.items()),
    )


def told(*clips: Prediction, rules: EventRules = RULES) -> list[tuple[str, str, float, float]]:
    records = debounce(clips, rules=rules, source="camera")
    return [
        (r.type, r.after.label, float(r.after.start_time), float(r.after.frame_time))
        for r in records
        if isinstance(r, Event)
    ]


def test_predictions_pass_through_ahead_of_their_events() -> None:
    first, second = clip(0, cat=0.6), clip(1, cat=0.6)
    records = list(debounce([first, second], rules=RULES, source="camera"))
    assert records[0] is first
    assert isinstance(records[1], Event)
    assert records[2] is second


def test_an_event_begins_at_enter_and_lives_while_above_leave() -> None:
    clips = [clip(0, cat=0.4), clip(1, cat=0.5), clip(2, cat=0.3), clip(3, cat=0.29), clip(9)]
    assert told(*clips) == [("new", "cat", 1, 3), ("end", "cat", 1, 4)]


def test_end_time_is_the_end_of_the_last_clip_that_showed_it() -> None:
    records = list(debounce([clip(0, cat=0.9)], rules=RULES, source="camera"))
    event = records[-1]
    assert isinstance(event, Event)
    assert event.type == "end"
    assert event.before is not None
    assert event.before.end_time is None
    assert event.after.end_time == Fraction(2)


def test_open_events_end_with_the_stream() -> None:
    assert told(clip(0, cat=0.9)) == [("new", "cat", 0, 2), ("end", "cat", 0, 2)]


def test_a_gap_is_bridged() -> None:
    clips = [clip(0, cat=0.9), clip(1), clip(2), clip(3, cat=0.4), clip(4)]
    assert told(*clips) == [("new", "cat", 0, 2), ("end", "cat", 0, 5)]


def test_a_longer_gap_makes_two_events() -> None:
    clips = [clip(0, cat=0.9), clip(3.5, cat=0.9)]
    assert told(*clips) == [
        ("new", "cat", 0, 2),
        ("end", "cat", 0, 2),
        ("new", "cat", 3.5, 5.5),
        ("end", "cat", 3.5, 5.5),
    ]


def test_adjoining_clips_are_one_event_even_without_a_gap() -> None:
    rules = EventRules(enter=0.5, leave=0.3, gap_seconds=Fraction(0))
    clips = [clip(0, cat=0.9), clip(2, cat=0.9)]
    assert told(*clips, rules=rules) == [("new", "cat", 0, 2), ("end", "cat", 0, 4)]


def test_a_blip_shorter_than_the_minimum_is_never_told() -> None:
    rules = EventRules(enter=0.5, leave=0.3, min_duration_seconds=Fraction(3))
    assert told(clip(0, cat=0.9), clip(9), rules=rules) == []


def test_an_event_is_told_once_it_has_lasted_the_minimum() -> None:
    rules = EventRules(enter=0.5, leave=0.3, min_duration_seconds=Fraction(3))
    clips = [clip(0, cat=0.9), clip(1, cat=0.9)]
    assert told(*clips, rules=rules) == [("new", "cat", 0, 3), ("end", "cat", 0, 3)]


def test_a_clearer_view_is_an_update() -> None:
    clips = [clip(0, cat=0.6), clip(1, cat=0.62), clip(2, cat=0.66), clip(3, cat=0.5)]
    assert told(*clips) == [("new", "cat", 0, 2), ("update", "cat", 0, 4), ("end", "cat", 0, 5)]


def test_update_tells_what_was_told_before() -> None:
    records = list(debounce([clip(0, cat=0.6), clip(1, cat=0.9)], rules=RULES, source="camera"))
    new, update = (r for r in records[:4] if isinstance(r, Event))
    assert update.before == new.after
    assert (update.after.score, update.after.top_score) == (0.9, 0.9)
    assert update.after.id == new.after.id


def test_labels_have_events_of_their_own() -> None:
    assert told(clip(0, cat=0.5, dog=0.5), clip(9, dog=0.5)) == [
        ("new", "cat", 0, 2),
        ("new", "dog", 0, 2),
        ("end", "cat", 0, 2),
        ("end", "dog", 0, 2),
        ("new", "dog", 9, 11),
        ("end", "dog", 9, 11),
    ]


def event_id(source: str, start: float) -> str:
    records = list(debounce([clip(start, cat=0.9)], rules=RULES, source=source))
    assert isinstance(records[1], Event)
    return records[1].after.id


def test_ids_are_the_same_in_every_run() -> None:
    assert event_id("camera", 1.5) == "1.500000-830605"


@pytest.mark.parametrize(("source", "start"), [("other", 1.5), ("camera", 2.5)])
def test_ids_differ_by_source_and_time(source: str, start: float) -> None:
    assert event_id(source, start) != event_id("camera", 1.5)


def test_an_id_can_be_made_again_of_what_a_store_holds() -> None:
    name, start = "k\udcfcche.mp4", Fraction(1001, 30000)
    stored = float(start), name.encode(errors="replace").decode()
    assert events.event_id(name, "cat", float(start)) == "0.033367-f40618"
    assert events.event_id(stored[1], "cat", round(stored[0], 6)) == "0.033367-f40618"


def test_untold_labels_make_no_events() -> None:
    rules = EventRules(enter=0.5, leave=0.4, untold=frozenset({"nothing"}))
    span = TimeSpan(start=Fraction(0), end=Fraction(2))
    labels = tuple(Label(label=n, label_id=i, score=0.5) for i, n in enumerate(("nothing", "cat")))
    records = debounce([Prediction(span=span, labels=labels)], rules=rules, source="x")
    events = [record for record in records if isinstance(record, Event)]
    assert {event.after.label for event in events} == {"cat"}
