from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ghoststream.errors import HeadError
from ghoststream.heads import LinearHead, Training, check_head, load_head, predict, save_head
from ghoststream.types import Embedding, TimeSpan


def head(**changes: object) -> LinearHead:
    values: dict[str, object] = {
        "weight": np.array([[1, 0], [0, 1], [0, 0]], dtype=np.float32),
        "bias": np.zeros(3, dtype=np.float32),
        "labels": ("left", "right", "nothing"),
        "pooling": "mean",
        "backbone_sha256": "ab" * 32,
    }
    return LinearHead(**{**values, **changes})  # type: ignore[arg-type]


def embedding(*numbers: float) -> Embedding:
    span = TimeSpan(start=Fraction(0), end=Fraction(2))
    return Embedding(span=span, vector=np.array(numbers, dtype=np.float32))


def test_scores_are_a_softmax() -> None:
    scores = head().scores(np.log(np.array([2, 5], dtype=np.float32)))
    np.testing.assert_allclose(scores, [2 / 8, 5 / 8, 1 / 8], rtol=1e-6)


def test_scores_survive_large_logits() -> None:
    assert head().scores(np.array([1e4, 0], dtype=np.float32)).tolist() == [1.0, 0.0, 0.0]


def test_predictions_name_the_best_first_and_keep_the_span() -> None:
    (prediction,) = predict([embedding(0, 3)], head=head(), top_k=2, floor=1.0)
    assert [(label.label, label.label_id) for label in prediction.labels] == [
        ("right", 1),
        ("left", 0),
    ]
    assert prediction.span == TimeSpan(start=Fraction(0), end=Fraction(2))


def test_labels_above_the_floor_are_kept_beyond_top_k() -> None:
    (prediction,) = predict([embedding(0, 0)], head=head(), top_k=1, floor=0.3)
    assert [label.label for label in prediction.labels] == ["left", "right", "nothing"]


def test_a_head_survives_the_way_through_a_file(tmp_path: Path) -> None:
    saved = head(labels=("кошка", "b", "c"))
    save_head(saved, tmp_path / "head.safetensors")
    loaded = load_head(tmp_path / "head.safetensors")
    assert loaded.labels == ("кошка", "b", "c")
    assert (loaded.pooling, loaded.backbone_sha256) == ("mean", "ab" * 32)
    assert (loaded.query, loaded.training) == (None, None)
    np.testing.assert_array_equal(loaded.weight, saved.weight)


def test_what_training_left_survives_the_way_through_a_file(tmp_path: Path) -> None:
    training = Training(
        fps=Fraction(30000, 1001), window=Fraction(2), framing="pad", enter=0.6, leave=0.4,
        model="ghostnet_050", background="nichts", files=("aa", "bb"), figures={"clips": 8},
    )  # fmt: skip
    query = np.array([1, 2], dtype=np.float32)
    save_head(head(training=training, query=query), tmp_path / "head.safetensors")
    loaded = load_head(tmp_path / "head.safetensors")
    assert loaded.training == training
    assert loaded.query is not None
    assert loaded.query.tolist() == [1, 2]


def test_a_training_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    metadata = {"format": "ghoststream.head/1", "labels": '["a"]', "pooling": "mean",
                "backbone_sha256": "ab", "training": '{"fps": "8"}'}  # fmt: skip
    tensors = {"weight": np.zeros((1, 2), np.float32), "bias": np.zeros(1, np.float32)}
    save_file(tensors, tmp_path / "head.safetensors", metadata=metadata)
    with pytest.raises(HeadError, match="in a way that is not understood how it was trained"):
        load_head(tmp_path / "head.safetensors")


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(HeadError, match="a head of 3 labels"):
        head(bias=np.zeros(2, dtype=np.float32))
    with pytest.raises(HeadError, match="the query of a head is as long as its vectors"):
        head(query=np.zeros(3, dtype=np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": 1280}, "takes vectors of 2 numbers"),
        ({"pooling": "max"}, "trained on pool 'mean', not 'max'"),
        ({"backbone_sha256": "cd" * 32}, "belongs to backbone weights abababababab"),
    ],
)
def test_a_head_of_another_pipeline_is_refused(changes: dict[str, str], message: str) -> None:
    expected = {"features": 2, "pooling": "mean", "backbone_sha256": "ab" * 32}
    check_head(head(), **expected)  # type: ignore[arg-type]
    with pytest.raises(HeadError, match=message):
        check_head(head(), **{**expected, **changes})  # type: ignore[arg-type]


def test_a_head_says_which_network_it_wants() -> None:
    training = Training(
        fps=Fraction(8), window=Fraction(2), framing="center", enter=0.5, leave=0.3, model="timm:a"
    )
    with pytest.raises(HeadError, match="are loaded; choose model timm:a and the right weights"):
        check_head(head(training=training), features=2, pooling="mean", backbone_sha256="cd" * 32)


def test_missing_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HeadError, match="cannot read the head"):
        load_head(tmp_path / "none.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(HeadError, match="cannot read the head"):
        load_head(tmp_path / "damaged.safetensors")
    save_file({"other": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(HeadError, match="is not a head"):
        load_head(tmp_path / "other.safetensors")
