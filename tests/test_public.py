"""What the package promises to hold, it holds."""

import subprocess
import sys

import pytest

import ghoststream
import ghoststream.models
import ghoststream.sources


def test_every_public_name_is_there() -> None:
    for package in (ghoststream, ghoststream.models, ghoststream.sources):
        assert [name for name in package.__all__ if getattr(package, name) is None] == []


def test_the_functions_are_not_hidden_by_modules() -> None:
    program = (
        "import ghoststream\n"
        "import ghoststream.runners.jobs\n"
        "functions = ghoststream.run, ghoststream.embed, ghoststream.classify\n"
        "print(*map(callable, functions))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "True True True\n", done.stderr


def test_a_name_that_is_not_there_is_said_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(ghoststream, "nothing")  # noqa: B009
