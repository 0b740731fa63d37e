"""A builder with a context of a test's own, and a small base image that needs no Python."""

from __future__ import annotations

import tarfile
from pathlib import Path

from mlsystem.client.images.build import Build, build
from mlsystem.client.images.layout import LAYER, ImageConfig, ImageLayout

BASE = "base:1"


class Workshop:
    def __init__(self, folder: Path):
        self.context = folder / "context"
        self.context.mkdir()
        self.layout = ImageLayout(folder / "layout")
        self.told: list[str] = []
        self._folder = folder
        self._images = 0
        self._save_base()

    def write(self, name: str, content: str = "x", mode: int = 0o644) -> None:
        path = self.context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def build(self, *lines: str, base: str | None = BASE, **arguments: str) -> str:
        """The name of an image of these lines, below FROM unless `base` is None."""
        self._images += 1
        name = f"image:{self._images}"
        dockerfile = self._folder / f"Dockerfile.{self._images}"
        dockerfile.write_text("\n".join([f"FROM {base}"] * (base is not None) + list(lines)) + "\n")
        build(Build(dockerfile, self.context, arguments, (name,)), self.layout, self.told.append)
        return name

    def config(self, *lines: str, **arguments: str) -> ImageConfig:
        return self.layout.load(self.build(*lines, **arguments))

    def files(self, name: str) -> dict[str, str]:
        """Content of every file of an image by path, without the base's."""
        folder = self._folder / f"unpacked-{name.replace(':', '-')}"
        self.layout.unpack(self.layout.load(name).layers, folder)
        return {
            str(path.relative_to(folder)): path.read_text(errors="replace")
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and str(path.relative_to(folder)) != "etc/base"
        }

    def mode(self, name: str, path: str) -> int:
        """Of a file in the newest layer that has it."""
        modes = []
        for layer in self.layout.load(name).layers:
            with tarfile.open(self.layout.blob_path(layer.digest)) as tar:
                modes += [member.mode for member in tar.getmembers() if member.name == path]
        return modes[-1]

    def kind(self, name: str, path: str) -> str:
        """`file`, `link` or `folder`, of what the newest layer that has it says."""
        kinds = []
        for layer in self.layout.load(name).layers:
            with tarfile.open(self.layout.blob_path(layer.digest)) as tar:
                found = [member for member in tar.getmembers() if member.name == path]
                kinds += ["link" if one.issym() else "folder" if one.isdir() else "file" for one in found]
        return kinds[-1]

    def _save_base(self) -> None:
        content = self._folder / "base"
        content.write_text("base")
        aside = self.layout.scratch()
        with tarfile.open(aside, "w") as tar:
            tar.add(content, "etc/base")
        layers = (self.layout.add_file(aside, LAYER),)
        self.layout.save(BASE, ImageConfig({"PATH": "/usr/bin", "COLOUR": "green"}, (), ("sh",), "/", {}, layers))
