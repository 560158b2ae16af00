"""Which files of this package a piece of code runs: what a model must bring, what a stage hangs on."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent


def own_files(start: Path) -> list[Path]:
    """The package's files that a Python file imports, directly or by others, in order of their paths.

    `start` itself is among them if it lies in the package. Imports inside functions count; those
    for type checkers alone do not.
    """
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        waiting += [path for name in _imported(tree) for path in _files_of(name)]
    return sorted(path for path in found if path.is_relative_to(PACKAGE))


def code_digest(files: list[Path]) -> str:
    """SHA-256, hexadecimal, over the names and contents of files of this package."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(PACKAGE)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _imported(node: ast.AST) -> Iterator[str]:
    """The dotted names that a syntax tree may import: modules, or what is in them."""
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(module), level=0):
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imported(child)


def _files_of(name: str) -> Iterator[Path]:
    """The file of a module of this package, and those of the packages that it lies in."""
    top, *rest = name.split(".")
    if top != PACKAGE.name:
        return
    for depth in range(len(rest) + 1):
        place = PACKAGE.joinpath(*rest[:depth])
        yield from (
            path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()
        )
