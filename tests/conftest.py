"""What several tests share: the command in a folder of its own, and one sealed run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REAL = Path(os.environ.get("TRAVEL_PERKS_TEST_REAL", ROOT.parent / "shared" / "real"))
SAMPLE = ROOT / "travel_perks" / "sample_data"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict]:
        """The JSON lines of STDOUT."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without any setting of ours."""
    kept = {key: value for key, value in os.environ.items() if "TRAVEL_PERKS_" not in key}
    return kept | more


def run(*arguments: str | Path, cwd: Path, timeout: float = 300, **environment: str) -> Ran:
    """Run a command of this environment's interpreter in `cwd`."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def sealed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the run `demo`, sealed, on the bundled sample. Not to be changed."""
    folder = tmp_path_factory.mktemp("sealed")
    ran = run("travel_perks", "execute", "--run-id", "demo", cwd=folder)
    assert ran.code == 0, ran.stderr + ran.stdout
    return folder


@pytest.fixture
def sealed(sealed_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sealed folder, times and modes kept, that a test may change."""
    copy = tmp_path / "copy"
    shutil.copytree(sealed_folder, copy, symlinks=True)
    return copy


@pytest.fixture
def files_of() -> Callable[[Path], dict[str, bytes]]:
    """Read all files below a folder, to see that nothing was touched."""

    def read(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return read


@pytest.fixture(scope="session")
def real_data() -> Iterator[Path]:
    """The folder of real data, where it is there."""
    if not (REAL / "users.csv").is_file():
        pytest.skip("no real data beside the project")
    yield REAL
