"""The rules as they are written: one script, log and environment each, and what a cluster asks."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

FILES = sorted((ROOT / "rules").glob("*.smk"))
BODIES = {
    match[1]: match[2]
    for path in FILES
    for match in re.finditer(
        r"^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text("utf-8"), re.M | re.S
    )
}


@pytest.mark.parametrize("rule", sorted(BODIES))
def test_a_rule_says_what_it_does_and_what_it_needs(rule: str) -> None:
    body = BODIES[rule]
    assert body.lstrip().startswith('"""')
    assert f'"../scripts/{rule}.py"' in body
    assert re.search(rf'layout\.job_log\("{rule}[_"]', body)
    assert re.search(r"^    threads: ", body, re.M)
    for resource in ("mem_mb", "runtime"):
        assert re.search(rf"^        {resource}=", body, re.M), resource
    assert f'code=run.code("{rule}")' in body
    assert not re.search(r"^    (shell|run):", body, re.M)


def test_every_script_is_short_and_has_its_rule() -> None:
    scripts = {path.stem: path for path in (ROOT / "scripts").glob("*.py")}
    assert scripts.keys() == BODIES.keys()
    for name, path in scripts.items():
        assert len(path.read_text("utf-8").splitlines()) <= 40, name


def test_the_snakefile_is_a_table_of_contents() -> None:
    text = (ROOT / "Snakefile").read_text("utf-8")
    assert len(text.splitlines()) < 60
    for path in FILES:
        assert f'include: "rules/{path.name}"' in text


@pytest.mark.parametrize("name", ["default", "slurm"])
def test_a_profile_takes_our_log_and_our_lock(name: str) -> None:
    profile: Path = ROOT / "profiles" / name / "config.yaml"
    values = yaml.safe_load(profile.read_text("utf-8"))
    assert values["logger"] == "travel-perks"
    assert values["nolock"] is True
    assert values["rerun-incomplete"] is True
    assert values["max-checksum-file-size"] > 10**10
    assert ("executor" in values) == (name == "slurm")
