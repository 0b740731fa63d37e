"""What decides does no I/O, and the analyzer stands alone."""

import ast
from pathlib import Path

import pytest

import mlsystem.monitor

PACKAGE = Path(mlsystem.monitor.__file__).parent
DECIDING = {
    *("types", "moments", "sketch", "profile", "constraints", "violations", "metrics", "texts"),
    *("jackson", "document", "statistics_document", "constraints_document", "distances"),
    *("comparison", "comparison_rules", "multiple_testing", "unreadable", "verdicts"),
    *("unusual_values", "unusual_rows", "report", "quality"),
}
HARMLESS = {
    *("array", "collections", "dataclasses", "datetime", "enum", "html", "itertools", "math", "re", "statistics"),
    *("typing", "numpy"),
}
FOR_TYPES_ONLY = {"types_boto3_cloudwatch"}


def imported(file: Path) -> set[str]:
    """The full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files_of(module: str) -> list[Path]:
    return sorted((PACKAGE / module).glob("*.py")) or [PACKAGE / f"{module}.py"]


@pytest.mark.parametrize("module", sorted(DECIDING))
def test_a_deciding_module_imports_nothing_that_touches_the_world(module: str) -> None:
    for file in files_of(module):
        for name in imported(file):
            top, *rest = name.split(".")
            if top == "mlsystem":
                assert rest[0] == "monitor"
                assert rest[1] in DECIDING, f"{file} imports {name}"
            else:
                assert top in HARMLESS | FOR_TYPES_ONLY, f"{file} imports {name}"
        assert not {"open", "print", "input"} & {
            node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)
        }


def test_the_analyzer_imports_nothing_of_the_rest_of_the_system() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert {name for name in imported(file) if name.startswith("mlsystem.")} <= {
            name for name in imported(file) if name.startswith("mlsystem.monitor.")
        }
