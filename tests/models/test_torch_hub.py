"""Files of weights at web addresses, against a server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from torch.hub import get_dir

from ghoststream.errors import WeightsError
from ghoststream.models import pull_weights, resolve_weights
from ghoststream.models.entry import ModelEntry
from ghoststream.models.torch_hub import cached_file, download_file, stated_sha256

CONTENT = b"numbers" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Files(BaseHTTPRequestHandler):
    """Serves the same bytes under every name, but for /missing."""

    def do_GET(self) -> None:
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_lies_where_torch_looks_for_it(endpoint: str) -> None:
    address = f"{endpoint}/net-{SHA256[:8]}.pth"
    assert cached_file(address) is None
    path = download_file(address)
    assert path == Path(get_dir()) / "checkpoints" / f"net-{SHA256[:8]}.pth"
    assert path.read_bytes() == CONTENT
    assert cached_file(address) == path


@pytest.mark.parametrize(
    ("variables", "folder"),
    [({}, "home/.cache/torch"), ({"XDG_CACHE_HOME": "xdg"}, "xdg/torch")],
)
def test_torchs_own_folder_without_torch(
    variables: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    path = tmp_path / folder / "hub" / "checkpoints" / "net.pth"
    path.parent.mkdir(parents=True)
    path.touch()
    assert Path(get_dir()) == path.parent.parent
    assert cached_file("https://example.org/net.pth") == path


def test_another_content_than_the_name_states(endpoint: str) -> None:
    with pytest.raises(
        WeightsError, match=r"net-00000000\.pth is not in the cache .*does not give"
    ):
        download_file(f"{endpoint}/net-00000000.pth")
    assert cached_file(f"{endpoint}/net-00000000.pth") is None


def test_no_such_file(endpoint: str) -> None:
    with pytest.raises(WeightsError, match=r"does not give it \(HTTP Error 404"):
        download_file(f"{endpoint}/missing.pth")


def test_nobody_answers(endpoint: str) -> None:
    with pytest.raises(WeightsError, match="Connection refused"):
        download_file("http://127.0.0.1:9/net.pth")


def test_a_name_states_how_the_sha256_begins() -> None:
    assert stated_sha256("resnet18-f37072fd.pth") == "f37072fd"
    assert stated_sha256("resnet18.pth") == ""


def test_weights_of_an_address_are_pulled_and_found(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"{endpoint}/net-{SHA256[:8]}.pth"
    entry = ModelEntry(network="torchvision", hub=address)
    monkeypatch.setattr("ghoststream.models.weights.find_model", lambda _: entry)
    weights = pull_weights("torchvision:net")
    assert (weights.kind, weights.name, weights.sha256) == ("hub", f"net-{SHA256[:8]}.pth", SHA256)
    assert resolve_weights("torchvision:net", "auto") == weights
    weights.path.write_bytes(b"cut")
    with pytest.raises(WeightsError, match=f"is damaged: .* the hub stated {SHA256[:8]}"):
        resolve_weights("torchvision:net", "hub")
