"""`ghoststream distill` as its users meet it; tests/runners/test_distillation.py runs it whole."""

import json
from pathlib import Path
from typing import get_type_hints

import pytest
from click.testing import CliRunner

from ghoststream.cli import main
from ghoststream.cli.distill import _print, distill
from ghoststream.config import DistillConfig
from ghoststream.runners.distill.reports import Judged, Learning, Note, Report
from ghoststream.train.distill.judging import Agreement


def test_every_setting_can_be_given() -> None:
    offered = {parameter.name for parameter in distill.params} - {"as_json"}
    assert offered == set(get_type_hints(DistillConfig)) - {"model_config"}


def test_what_is_wrong_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["distill", str(tmp_path / "photos"), "--json"])
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "CONFIG_INVALID"
    assert error["message"].startswith("there is nothing at ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (
            Learning(samples=6400, done=0.0, divergence=1.0234, images_per_second=46.7),
            "6400 samples, divergence 1.023, 47 pictures/s",
        ),
        (
            Learning(samples=6400, done=0.125, divergence=1.0, images_per_second=50),
            "6400 samples, divergence 1.000, 50 pictures/s, 12.5 % of the budget",
        ),
        (
            Judged(
                samples=64,
                agreement=Agreement(pictures=9, same=0.53, among_five=0.8, cosine=0.6891),
            ),
            "64 samples, held out: 53.0 % named as by the teacher, 80.0 % among five, cosine 0.689",
        ),
        (Note(text="going on"), "Note: going on"),
    ],
)
def test_progress_is_a_line(report: Report, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    _print(report)
    captured = capsys.readouterr()
    assert (captured.out + captured.err) == f"{line}\n"
