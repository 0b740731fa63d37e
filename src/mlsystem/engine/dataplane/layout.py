"""Where the data plane's files are, below one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The folder of the data plane; keep its path short, it holds a socket."""

    folder: Path

    @property
    def bootstrap(self) -> Path:
        return self.folder / "bootstrap.json"

    @property
    def admin_socket(self) -> Path:
        return self.folder / "admin.sock"

    @property
    def shadow_socket(self) -> Path:
        return self.folder / "shadow.sock"

    @property
    def listeners(self) -> Path:
        return self.folder / "xds" / "listeners.json"

    @property
    def routes(self) -> Path:
        return self.folder / "xds" / "routes.json"

    @property
    def clusters(self) -> Path:
        return self.folder / "xds" / "clusters.json"

    @property
    def certificate(self) -> Path:
        """With its private key."""
        return self.folder / "xds" / "certificate.json"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def request_log(self) -> Path:
        return self.spool / "requests.log"

    @property
    def capture_log(self) -> Path:
        return self.spool / "captured.log"
