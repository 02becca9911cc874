"""The environments of the steps: pinned as the lock pins, and enough for what a step imports."""

import ast
import re
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
ENVS = {path.name: path for path in (ROOT / "envs").glob("*.yaml")}
PYTHON = {"python_full_version": "3.11.7", "python_version": "3.11"}
RULE = re.compile(r'^rule (\w+):$(?:(?!^rule ).)*?^    conda:\n +"\.\./envs/([\w.]+)"', re.M | re.S)


def rules() -> dict[str, str]:
    """Each rule that runs a script, with the name of its environment."""
    text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))
    return dict(RULE.findall(text))


def pins(env: Path) -> dict[str, str]:
    """The packages of an environment and their versions."""
    content = yaml.safe_load(env.read_text("utf-8"))
    (wanted,) = (entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    required = [Requirement(line) for line in wanted]
    return {canonicalize_name(each.name): str(each.specifier) for each in required}


def locked() -> dict[str, str]:
    """The packages of the lock for the Python of the environments, with their versions."""
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    required = [Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"[A-Za-z0-9]", line)]
    return {
        canonicalize_name(each.name): str(each.specifier)
        for each in required
        if not each.marker or each.marker.evaluate(PYTHON)
    }


def with_dependencies(packages: set[str]) -> set[str]:
    """The packages and what they bring along."""
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        try:
            required = [Requirement(line) for line in requires(package) or ()]
        except PackageNotFoundError:
            continue
        waiting += [
            canonicalize_name(each.name)
            for each in required
            if not each.marker or each.marker.evaluate(PYTHON | {"extra": ""})
        ]
    return found


def imported_at_the_top(script: Path) -> set[str]:
    """Modules from outside the project that are imported before the script has done anything."""
    outside: set[str] = set()
    seen: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _imports(ast.parse(path.read_text("utf-8")).body):
            module = ROOT / name.replace(".", "/")
            inside = (module.with_suffix(".py"), module / "__init__.py")
            waiting += [each for each in inside if each.is_file()]
            if not name.startswith("travel_perks"):
                outside.add(name.partition(".")[0])
    return outside


def _imports(body: list[ast.stmt]) -> list[str]:
    found = []
    for node in body:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.With):
            found += _imports(node.body)
    return found


def test_the_rules_are_found() -> None:
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert rules().keys() == scripts


def test_every_rule_names_an_environment_that_exists_and_each_is_used() -> None:
    assert set(rules().values()) == ENVS.keys()


@pytest.mark.parametrize("name", sorted(ENVS))
def test_an_environment_pins_what_the_lock_pins(name: str) -> None:
    wanted, lock = pins(ENVS[name]), locked()
    assert wanted
    assert {package: lock.get(package) for package in wanted} == wanted


@pytest.mark.parametrize("rule", sorted(rules()))
def test_an_environment_holds_what_its_scripts_import(rule: str) -> None:
    owners = packages_distributions()
    needed = {
        canonicalize_name(owners[module][0])
        for module in imported_at_the_top(ROOT / "scripts" / f"{rule}.py")
        if module in owners
    }
    missing = needed - with_dependencies(set(pins(ENVS[rules()[rule]])))
    assert not missing, f"envs/{rules()[rule]} lacks what {rule}.py imports"


def test_the_lock_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    for line in text.splitlines():
        assert line.endswith("\\") or "--hash=" in line, line
