"""Training and evaluating on clips that are made here: still ones, and ones that flicker."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import Rgb, grey, noise, quadrants, write_clip

from ghoststream.config import EvaluateConfig, RunConfig, TrainConfig, make_config
from ghoststream.errors import ConfigError, DataError, HeadError
from ghoststream.heads import LinearHead, load_head, save_head
from ghoststream.pipeline import build_event_pipeline, with_settings_of_head
from ghoststream.runners.local import classify, run
from ghoststream.runners.train.evaluation import Evaluation, evaluate
from ghoststream.runners.train.evaluation_files import write_evaluation
from ghoststream.runners.train.run import Trained, train

CLIPS = 3
"""A class."""


def flicker(index: int, size: tuple[int, int]) -> Rgb:
    return noise(index, size) if index % 2 else quadrants(index, size)


def write_clips(folder: Path, *, first: int = 0, seconds: int = 1) -> Path:
    for number in range(first, first + CLIPS):
        for label, picture in (("still", quadrants), ("flicker", flicker)):
            (folder / label).mkdir(parents=True, exist_ok=True)
            write_clip(
                folder / label / f"{label}{number}.mp4",
                frames=4 * seconds,
                rate=4,
                size=(64 + 2 * number, 48),
                picture=picture,
            )
    return folder


def trained(data: Path, out: Path, **settings: object) -> Trained:
    """Embeddings go to the store that all tests share."""
    values = {"data": data, "out": out, "weights": "bundled", "workers": 1}
    return train(make_config(TrainConfig, {"fps": 4, "pool": "mean_change", **values, **settings}))


def evaluated(data: Path, head: Path, **settings: object) -> Evaluation:
    values = {"data": data, "head": head, "weights": "bundled", "workers": 1}
    return evaluate(make_config(EvaluateConfig, {**values, **settings}))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def head(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("head") / "head.safetensors"
    trained(data, path)
    return path


def test_a_head_says_how_it_was_trained(head: Path) -> None:
    loaded = load_head(head)
    training = loaded.training
    assert training is not None
    assert (loaded.labels, loaded.pooling) == (("flicker", "still"), "mean_change")
    assert (training.fps, training.window, training.framing) == (4, 2, "center")
    assert (training.enter, training.leave, training.background) == (0.5, 0.333, None)
    assert len(training.files) == 2 * CLIPS
    assert training.figures["accuracy"]["value"] == 1.0  # type: ignore[index]
    assert [path.name for path in head.parent.iterdir() if path.is_file()] == [head.name]


def test_it_names_clips_in_a_run_without_further_settings(head: Path, data: Path) -> None:
    for label in ("still", "flicker"):
        video = data / label / f"{label}0.mp4"
        (clip,) = classify(video, head=head, weights="bundled", hop=2)
        assert clip.labels[0].label == label
        events = list(run(video, head=head, weights="bundled", window=2))
        assert [(e.type, e.after.label) for e in events] == [("new", label), ("end", label)]


def test_a_head_brings_its_settings_unless_others_are_chosen(head: Path) -> None:
    def settings(**chosen: object) -> RunConfig:
        return with_settings_of_head(make_config(RunConfig, {"head": head, **chosen}))

    assert (settings().fps, settings().enter, settings().leave) == (4, 0.5, 0.333)
    assert settings(keyframes=True).fps is None
    assert (settings(enter=0.3).enter, settings(enter=0.3).leave) == (0.3, 0.1)
    assert (settings(window=3).window, settings(window=3).hop) == (3, 1)
    assert settings(hop=Fraction(1, 2)).hop == Fraction(1, 2)


def test_other_settings_than_in_training_are_told(head: Path) -> None:
    def notice(**chosen: object) -> str:
        values = {"head": head, "weights": "bundled", **chosen}
        config = with_settings_of_head(make_config(RunConfig, values))
        return build_event_pipeline(config).frames.notice or ""

    assert "the head was trained" not in notice()
    assert "the head was trained with fps 4, window 2; with other" in notice(
        keyframes=True, window=9
    )


@pytest.mark.slow
def test_the_second_training_reads_no_video(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained(data, tmp_path / "head.safetensors")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("ghoststream.runners.train.store.run_archive", refuse)
    second = trained(data, tmp_path / "again.safetensors")
    np.testing.assert_array_equal(first.head.weight, second.head.weight)
    np.testing.assert_array_equal(first.head.bias, second.head.bias)
    assert first.head.training == second.head.training


@pytest.mark.slow
def test_all_poolings_are_compared(data: Path, head: Path, tmp_path: Path) -> None:
    chosen = trained(data, tmp_path / "head.safetensors", pool=None)
    names = [candidate.pooling for candidate in chosen.candidates]
    assert names == ["mean", "max", "mean_std", "mean_change", "attention"]
    fixed = [c.scores.mean_recall for c in chosen.candidates[:-1]]
    # All are right here, and of equally good ones the first is taken.
    assert (chosen.chosen.pooling, max(fixed)) == ("mean", 1.0)


@pytest.mark.slow
def test_attention_is_learnt_and_goes_along_with_the_head(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "attention.safetensors"
    made = trained(data, path, pool="attention")
    assert made.chosen.scores.accuracy.value == 1.0
    loaded = load_head(path)
    assert loaded.query is not None
    assert loaded.query.shape == (2560,)
    (clip,) = classify(data / "flicker" / "flicker1.mp4", head=path, weights="bundled", hop=2)
    assert clip.labels[0].label == "flicker"
    report = evaluated(data, path)
    assert (report.basis, report.scores.accuracy.value) == ("cross-validation", 1.0)


@pytest.mark.slow
def test_events_of_the_background_are_not_told(data: Path, head: Path, tmp_path: Path) -> None:
    path = tmp_path / "alarm.safetensors"
    made = trained(data, path, background="still", false_alarms="0%")
    assert made.head.training is not None
    assert made.head.training.background == "still"
    assert 0 < made.head.training.enter <= 0.9
    assert list(run(data / "still" / "still0.mp4", head=path, weights="bundled")) == []
    told = list(run(data / "flicker" / "flicker0.mp4", head=path, weights="bundled"))
    assert {event.after.label for event in told} == {"flicker"}


@pytest.mark.slow
def test_clips_that_were_trained_on_are_not_counted(head: Path, data: Path, tmp_path: Path) -> None:
    new = write_clips(tmp_path / "new", first=CLIPS)
    for old in data.rglob("*.mp4"):
        (new / old.parent.name / old.name).write_bytes(old.read_bytes())
    report = evaluated(new, head)
    assert (report.basis, report.known, len(report.clips)) == ("unseen", 2 * CLIPS, 2 * CLIPS)
    assert report.scores.accuracy.value == 1.0
    assert report.mistakes == []
    assert len(report.curve) >= 2


@pytest.mark.slow
def test_a_head_remembers_groups_and_not_their_names(data: Path, tmp_path: Path) -> None:
    """In the group of a file that it knows, a new one counts only where there is nothing else."""
    clips = [f"{path},{path.parent.name}" for path in sorted(data.rglob("*.mp4"))]
    cameras = [f"{clip},camera {clip[-1]}{number}" for number, clip in enumerate(clips)]
    table = tmp_path / "clips.csv"

    def with_rows(*rows: str) -> Path:
        table.write_text("\n".join(["path,label,group", *rows]))
        return table

    path = tmp_path / "head.safetensors"
    some = [cameras[0], cameras[1], cameras[3], clips[4] + ","]
    training = trained(with_rows(*some), path).head.training
    assert training is not None
    assert len(training.files) == 4
    assert len(training.groups) == 3
    assert "camera" not in path.read_bytes().decode("latin-1")

    near = clips[2] + "," + cameras[0].split(",")[2]
    report = evaluated(with_rows(*some, near), path)
    assert (report.basis, report.known, report.of_known_groups) == ("known-groups", 4, 1)
    assert report.scores.accuracy.of == 1
    report = evaluated(with_rows(*some, near, clips[5] + ",far"), path)
    assert (report.basis, report.known, report.of_known_groups) == ("unseen", 4, 1)
    assert [clip.example.path.name for clip in report.clips] == ["still2.mp4"]


@pytest.mark.slow
def test_what_it_was_trained_on_is_scored_by_cross_validation(head: Path, data: Path) -> None:
    report = evaluated(data, head)
    assert (report.basis, report.known) == ("cross-validation", 2 * CLIPS)
    assert report.scores.accuracy.of == 2 * CLIPS


@pytest.mark.slow
def test_a_test_split_is_neither_learnt_nor_mixed(data: Path, tmp_path: Path) -> None:
    rows = [
        f"{path},{path.parent.name},{'test' if path.stem.endswith('2') else 'train'}"
        for path in sorted(data.rglob("*.mp4"))
    ]
    table = tmp_path / "split.csv"
    table.write_text("\n".join(["path,label,split", *rows]))
    path = tmp_path / "head.safetensors"
    made = trained(table, path)
    assert made.head.training is not None
    assert len(made.head.training.files) == 4
    report = evaluated(table, path)
    assert (report.basis, report.known, len(report.clips)) == ("unseen", 0, 2)


@pytest.mark.slow
def test_a_report_is_files(head: Path, tmp_path: Path) -> None:
    swapped = write_clips(tmp_path / "data", first=2 * CLIPS)
    (swapped / "still").rename(swapped / "x")
    (swapped / "flicker").rename(swapped / "still")
    (swapped / "x").rename(swapped / "flicker")
    report = evaluated(swapped, head)
    assert report.scores.accuracy.value == 0.0
    assert len(report.mistakes) == 2 * CLIPS
    assert report.mistakes[0].score >= report.mistakes[-1].score
    paths = write_evaluation(report, tmp_path / "report")
    assert sorted(p.name for p in (tmp_path / "report").iterdir()) == [
        "calibration.png", "confusion.png", "learning_curve.png", "mistakes.jpg",
        "precision_recall.png", "report.json",
    ]  # fmt: skip
    assert set(paths.values()) == set((tmp_path / "report").iterdir())


@pytest.mark.slow
def test_spans_are_clips_and_long_clips_are_several_windows(tmp_path: Path) -> None:
    for number in range(2):
        write_clip(
            tmp_path / f"{number}.mp4",
            frames=24,
            rate=4,
            size=(64 + 2 * number, 48),
            picture=lambda i, size: grey(0, size) if i < 8 else noise(i, size),
        )
    table = tmp_path / "spans.csv"
    table.write_text(
        "path,label,start,end\n" + "".join(f"{n}.mp4,grey,,2\n{n}.mp4,noise,2,\n" for n in range(2))
    )
    made = trained(table, tmp_path / "head.safetensors")
    assert made.chosen.data.owners.tolist() == [0, 1, 1, 2, 3, 3]
    assert made.chosen.data.seconds.tolist() == [2.0] * 6
    assert made.chosen.scores.accuracy.value == 1.0
    assert made.head.training is not None
    assert len(made.head.training.files) == 2


@pytest.mark.slow
def test_an_unreadable_clip_is_left_out_and_said(data: Path, head: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    for path in data.rglob("*.mp4"):
        (copy / path.parent.name).mkdir(parents=True, exist_ok=True)
        (copy / path.parent.name / path.name).write_bytes(path.read_bytes())
    (copy / "still" / "broken.mp4").write_bytes(b"no video")
    made = trained(copy, tmp_path / "head.safetensors")
    assert len(made.chosen.data.labels) == 2 * CLIPS
    (sentence,) = made.lost
    assert "broken.mp4" in sentence


@pytest.mark.slow
def test_a_class_of_which_too_little_can_be_read_is_refused(tmp_path: Path) -> None:
    data = write_clips(tmp_path / "data")
    for number in range(1, CLIPS):
        (data / "still" / f"still{number}.mp4").write_bytes(b"%d" % number)
    with pytest.raises(DataError, match="2 clips cannot be read, and without them class 'still'"):
        trained(data, tmp_path / "head.safetensors")
    assert not (tmp_path / "head.safetensors").exists()
    assert list(tmp_path.glob("*partial*")) == []


def test_one_clip_in_two_classes_is_refused(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    for label in ("still", "flicker"):
        (copy / label).mkdir(parents=True)
        for number in range(2):
            source = data / "still" / "still0.mp4" if number else data / label / f"{label}1.mp4"
            (copy / label / f"{label}-{number}.mp4").write_bytes(source.read_bytes())
    with pytest.raises(DataError, match=r"is the same clip as .*, with another label"):
        trained(copy, tmp_path / "head.safetensors")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"background": "nothing"}, "background is 'nothing', but the classes are flicker, still"),
        ({"false_alarms": "1/h"}, "false_alarms needs a class of which no events are told"),
        ({"background": "still", "false_alarms": "few"}, "such as 2/h"),
    ],
)
def test_settings_that_do_not_hold_are_refused(
    data: Path, tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        trained(data, tmp_path / "head.safetensors", **settings)


def test_a_head_of_other_weights_or_classes_is_refused(
    head: Path, data: Path, tmp_path: Path
) -> None:
    loaded = load_head(head)

    def other(name: str, **changes: object) -> Path:
        values = {field: getattr(loaded, field) for field in LinearHead.__slots__}
        save_head(LinearHead(**{**values, **changes}), tmp_path / name)
        return tmp_path / name

    with pytest.raises(HeadError, match="belongs to backbone weights abababababab"):
        evaluated(data, other("a", backbone_sha256="ab" * 32))
    with pytest.raises(HeadError, match="does not say at which rate"):
        evaluated(data, other("b", training=None))
    with pytest.raises(
        DataError, match="does not know the class 'flicker'; its classes are x, still"
    ):
        evaluated(data, other("c", labels=("x", "still")))
