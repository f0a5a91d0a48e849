"""`ghoststream duplicates` as its users meet it."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from stores import RECIPE, make_store, video

from ghoststream.archive.duplicates import MIN_LENGTH_SECONDS, MIN_SCORE, find_duplicates
from ghoststream.cli import main
from ghoststream.cli.duplicates import duplicates as command

FEATURES = 96


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A film of 10 s, four frames a second, and what it shows from the third second on."""
    rng = np.random.default_rng(1)
    scene = rng.normal(0, 1, FEATURES) + rng.normal(0, 0.1, (40, FEATURES)).cumsum(0)
    times = [number / 4 for number in range(40)]
    videos = {"a b.mp4": video(scene, times=times), "c.mp4": video(scene[12:], times=times[:28])}
    make_store(tmp_path / "s", videos, recipe=replace(RECIPE, frame_features=FEATURES))
    return tmp_path / "s"


def duplicates(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["duplicates", *map(str, arguments)])


def test_people_get_a_line_a_pair(store: Path) -> None:
    done = duplicates(store)
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "1.000          7.00 s  offset -3.00 s"
        "  /archive/a b.mp4@3.00-10.00  /archive/c.mp4@0.00-7.00\n"
    )


def test_machines_get_json(store: Path) -> None:
    done = duplicates(store, "--json")
    (pair,) = json.loads(done.stdout)["duplicates"]
    assert pair.pop("score") == pytest.approx(1, abs=1e-3)
    assert pair.pop("offset_seconds") == pytest.approx(-3, abs=0.02)
    assert pair.pop("other_start_seconds") == pytest.approx(0, abs=0.02)
    assert pair == {
        "first": "/archive/a b.mp4",
        "second": "/archive/c.mp4",
        "start_seconds": 3.0,
        "length_seconds": 7.0,
        "is_same_file": False,
    }


def test_a_store_without_duplicates_says_so(store: Path) -> None:
    done = duplicates(store, "--min-length", 8)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no duplicates\n")
    assert json.loads(duplicates(store, "--min-length", 8, "--json").stdout) == {"duplicates": []}


def test_a_limit_that_makes_no_sense(store: Path) -> None:
    done = duplicates(store, "--min-score", 2)
    assert done.exit_code == 2
    assert done.stderr == "Error: lowest score is 2.0; give one above 0 up to 1, such as 0.5\n"


def test_no_store(tmp_path: Path) -> None:
    done = duplicates(tmp_path / "none")
    assert done.exit_code == 2
    assert "there is no store at" in done.stderr


def test_the_command_has_the_defaults_of_the_function() -> None:
    defaults = {option.name: option.default for option in command.params}
    wanted = inspect.signature(find_duplicates).parameters
    assert defaults["min_length"] == wanted["min_length_seconds"].default == MIN_LENGTH_SECONDS
    assert defaults["min_score"] == wanted["min_score"].default == MIN_SCORE
