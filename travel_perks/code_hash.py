"""Hash the code that a rule reaches, so that a change of it makes the rule stale.

Snakemake sees a change of a script, not of the package behind it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def code_hash(script: Path) -> str:
    """Return a hash over `script`, the package modules it reaches by import, and their SQL."""
    reached: dict[str, Path] = {}
    waiting = [script]
    while waiting:
        for name, path in _reached_from(waiting.pop()).items():
            if name not in reached:
                reached[name] = path
                waiting.append(path)
    digest = hashlib.sha256(_content(script))
    for name in sorted(reached):
        digest.update(name.encode() + b"\0" + _content(reached[name]))
    return digest.hexdigest()[:16]


def package_hash() -> str:
    """Return a hash over all code and SQL of the package."""
    digest = hashlib.sha256()
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql")]):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + _content(path))
    return digest.hexdigest()[:16]


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _reached_from(path: Path) -> dict[str, Path]:
    """Map the names of what a file imports or reads from the package to the files."""
    if path.suffix != ".py":
        return {}
    found: dict[str, Path] = {}
    for node in ast.walk(ast.parse(_content(path))):
        for name in _named(node):
            for candidate in _candidates(name):
                if candidate.is_file():
                    found[str(candidate.relative_to(PACKAGE))] = candidate
    return found


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if node.value.endswith(".sql") else []
    return []


def _candidates(name: str) -> list[Path]:
    if name.endswith(".sql"):
        return [PACKAGE / name]
    package, _, rest = name.partition(".")
    if package != PACKAGE.name or not rest:
        return []
    path = PACKAGE / rest.replace(".", "/")
    return [path.with_suffix(".py"), path / "__init__.py"]
