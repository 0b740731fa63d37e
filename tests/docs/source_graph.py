"""Which calls of AWS a function of ours may make, read from the source: what it names, what that names, and so on.

A name leads to the function, class or value that it stands for; a method's name leads to the methods of that name in all classes that were
reached. So a call may be listed that is not made, and none is missing that is made by name: `tests/made_calls.py` checks what ran.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

from mlsystem.engine.runtime.api_model import service_model

SOURCE = Path(__file__).parents[2] / "src"
ROOMS = ("cli", "client", "console", "monitor")

# Methods of two services' clients, where a function has both: nobody of ours asks SageMaker's.
NAMESAKES = {
    "sagemaker:ListPipelines",
    "sagemaker:ListPipelineExecutions",
    "sagemaker:StartPipelineExecution",
    "sagemaker:StopPipelineExecution",
}

Symbol = tuple[str, str]  # module, and name within it: "function", "Class" or "Class.method"


@dataclass
class Unit:
    """A function, a method, or a value or class's head of a module: what it names."""

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    dotted: set[tuple[str, str]] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    # Of tables and calls that say by which method a service is asked.
    pairs: set[tuple[str, str]] = field(default_factory=set)


class SourceGraph:
    def __init__(self) -> None:
        self.units: dict[Symbol, Unit] = {}
        self.imports: dict[str, dict[str, Symbol]] = {}
        self.methods: dict[Symbol, list[Symbol]] = {}
        for path in (path for room in ROOMS for path in (SOURCE / "mlsystem" / room).rglob("*.py")):
            self._read(path)

    def reached(self, entry: Symbol) -> set[Symbol]:
        """All that a function leads to. Raises KeyError for one that is not in the source."""
        found: set[Symbol] = set()
        classes: set[Symbol] = set()
        attributes: set[str] = set()
        new = {entry} if self.units[entry] else set()
        while new:
            found |= new
            classes |= {symbol for symbol in new if symbol in self.methods}
            attributes |= {name for symbol in new for name in self.units[symbol].attributes}
            named = {symbol for one in new for symbol in self._named(one)}
            called = {
                method
                for owner in classes
                for method in self.methods[owner]
                if method[1].rpartition(".")[2] in attributes or "__" in method[1]
            }
            new = (named | called) - found
        return found

    def calls(self, entry: Symbol) -> set[str]:
        """`service:Operation` of each call that it may make."""
        reached = self.reached(entry)
        everywhere = {service for symbol in reached for service in self.units[symbol].services}
        return {call for symbol in reached for call in self._calls_of(symbol, everywhere)} - NAMESAKES

    def _calls_of(self, symbol: Symbol, everywhere: set[str]) -> Iterator[str]:
        unit, owner = self.units[symbol], symbol[1].partition(".")[0]
        near = set(unit.services)
        for method in self.methods.get((symbol[0], owner), ()):
            near |= self.units[method].services
        for service, name in unit.pairs:
            yield from (f"{service}:{operation}" for operation in operations(service).get(name, ()))
        for name in unit.attributes | unit.texts:
            own = {service for service in near if name in operations(service)}
            for service in own or {service for service in everywhere if name in operations(service)}:
                yield from (f"{service}:{operation}" for operation in operations(service)[name])

    def _named(self, symbol: Symbol) -> Iterator[Symbol]:
        module, unit = symbol[0], self.units[symbol]
        for name in unit.names:
            yield from self._resolved(module, name)
        for holder, name in unit.dotted:
            target = self.imports[module].get(holder)
            if target is not None:
                inner = ".".join(part for part in target if part)
                yield from self._resolved(inner, name)

    def _resolved(self, module: str, name: str) -> Iterator[Symbol]:
        seen: set[Symbol] = set()
        while (module, name) not in self.units and (module, name) not in seen:
            seen.add((module, name))
            module, name = self.imports.get(module, {}).get(name, (module, name))
        if (module, name) in self.units:
            yield module, name

    # ------------------------------------------------------------------ reading
    def _read(self, path: Path) -> None:
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text())
        self.imports[module] = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.units[module, node.name] = _unit(node)
            elif isinstance(node, ast.ClassDef):
                self._read_class(module, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in (one for one in targets if isinstance(one, ast.Name)):
                    self.units[module, target.id] = _unit(node)

    def _read_class(self, module: str, node: ast.ClassDef) -> None:
        owned = self.methods.setdefault((module, node.name), [])
        head = ast.Module([*(one for one in node.body if not isinstance(one, ast.FunctionDef))], [])
        self.units[module, node.name] = _unit(head, *node.bases)
        for method in (one for one in node.body if isinstance(one, ast.FunctionDef)):
            symbol = (module, f"{node.name}.{method.name}")
            self.units[symbol] = _unit(method)
            owned.append(symbol)


def _unit(*trees: ast.AST) -> Unit:
    unit = Unit()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Name):
            unit.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            unit.attributes.add(node.attr)
            if isinstance(node.value, ast.Name):
                unit.dotted.add((node.value.id, node.attr))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            unit.texts.add(node.value)
        unit.pairs |= {
            (ast.literal_eval(service), ast.literal_eval(name))
            for service, name in _entries(node)
            if _is_pair(service, name)
        }
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client":
            unit.services |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return unit


def _entries(node: ast.AST) -> Iterator[tuple[Any, Any]]:
    """Of a table, or the first two arguments of a call."""
    if isinstance(node, ast.Dict):
        yield from zip(node.keys, node.values, strict=True)
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        yield node.args[0], node.args[1]


def _is_pair(service: ast.AST | None, name: ast.AST) -> bool:
    return (
        isinstance(service, ast.Constant)
        and service.value in _services()
        and isinstance(name, ast.Constant)
        and isinstance(name.value, str)
    )


@cache
def _services() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))


@cache
def operations(service: str) -> Mapping[str, tuple[str, ...]]:
    """Its operations by the names of boto3's methods."""
    known = {xform_name(name): (name,) for name in service_model(service).operation_names}
    # What boto3 makes of several, by those that are always made.
    extra = {
        "upload_file": ("PutObject",),
        "upload_fileobj": ("PutObject",),
        "download_file": ("HeadObject", "GetObject"),
    }
    return {**known, **extra} if service == "s3" else known


@cache
def source_graph() -> SourceGraph:
    return SourceGraph()
