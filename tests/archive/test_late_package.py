import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghoststream.archive.late_package import load_when_used


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "slow_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from slow_package.client import Client\n")
    (folder / "client.py").write_text("class Client: pass\n")
    (folder / "model.py").write_text("class Model: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "slow_package"
    for name in [name for name in sys.modules if name.startswith("slow_package")]:
        del sys.modules[name]


def test_module_comes_without_the_package(package: str) -> None:
    load_when_used(package)

    from slow_package.model import Model

    assert Model.__module__ == "slow_package.model"
    assert "slow_package.client" not in sys.modules


def test_package_is_whole_once_used(package: str) -> None:
    load_when_used(package)

    import slow_package.model
    from slow_package import Client

    assert Client is slow_package.Client is sys.modules["slow_package.client"].Client
    assert slow_package.model is sys.modules["slow_package.model"]
    with pytest.raises(AttributeError, match="nothing"):
        _ = slow_package.nothing


def test_loaded_package_stays(package: str) -> None:
    import slow_package

    load_when_used(package)

    assert sys.modules[package] is slow_package
    assert "slow_package.client" in sys.modules


def test_package_that_is_not_there() -> None:
    load_when_used("no_such_package")

    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        import no_such_package  # noqa: F401


BEFORE = ["import lancedb", "import lance_namespace_urllib3_client"]


@pytest.mark.parametrize("before", ["", *(pytest.param(b, marks=pytest.mark.slow) for b in BEFORE)])
def test_store_opens_whatever_is_loaded(before: str, tmp_path: Path) -> None:
    code = f"""{before}
import sys
from ghoststream.archive.database import connect, table_names
print(table_names(connect({str(tmp_path)!r})), "lance_namespace_urllib3_client.api" in sys.modules)
import lance_namespace_urllib3_client
print(lance_namespace_urllib3_client.ApiClient.__name__)
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stderr == ""
    assert printed.stdout == f"set() {bool(before)}\nApiClient\n"
