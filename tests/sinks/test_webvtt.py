from pathlib import Path

from results import HEADER, SUMMARY, event_end, other_source

from ghoststream.sinks.webvtt import Subtitles, escape


def written(path: Path, *events: object, source: str = "clip.mp4") -> str:
    with Subtitles(path) as subtitles:
        subtitles.start(other_source(source))
        for event in events:
            subtitles.write(event)  # type: ignore[arg-type]
        subtitles.finish(SUMMARY)
    return path.read_bytes().decode()


def test_cues_are_sorted_by_start_though_events_come_by_end(tmp_path: Path) -> None:
    events = event_end("cup", start=2, end=3), event_end("cat", start=0, end=4)
    assert written(tmp_path / "a.vtt", *events) == (
        "WEBVTT\n\n"
        "NOTE Events in clip.mp4\n\n"
        "10.000000-abcdef\n00:00:00.000 --> 00:00:04.000\ncat 75%\n\n"
        "12.000000-abcdef\n00:00:02.000 --> 00:00:03.000\ncup 75%\n"
    )


def test_nothing_breaks_out_of_a_cue_or_a_note(tmp_path: Path) -> None:
    label = "<b>R&B</b> -->\n\n00:00:09.000 --> 00:00:10.000\nevil"
    text = written(tmp_path / "a.vtt", event_end(label), source="a -->\n\nb.mp4")
    assert text.count("-->") == 1
    assert len(text.split("\n\n")) == 3
    assert "&lt;b&gt;R&amp;B&lt;/b&gt; --&gt; 00:00:09.000" in text


def test_cue_of_no_length_lasts_a_millisecond(tmp_path: Path) -> None:
    text = written(tmp_path / "a.vtt", event_end(start=1, end=1))
    assert "00:00:01.000 --> 00:00:01.001" in text


def test_unfinished_source_leaves_no_file(tmp_path: Path) -> None:
    with Subtitles(tmp_path / "a.vtt") as subtitles:
        subtitles.start(HEADER)
        subtitles.write(event_end())
    assert list(tmp_path.iterdir()) == []


def test_escape_keeps_letters() -> None:
    assert escape("Größe 咖啡") == "Größe 咖啡"
