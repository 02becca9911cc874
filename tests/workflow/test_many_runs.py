"""Runs of other ids in the same folder at the same time do not get in each other's way."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import run

AT_ONCE = 20 if os.environ.get("CAMPAIGN") else 3


def test_many_ids_at_once_all_finish_right(tmp_path: Path, sealed_folder: Path) -> None:
    ids = [f"r{number}" for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        ended = list(
            threads.map(
                lambda run_id: run(
                    "travel_perks", "execute", "--run-id", run_id, cwd=tmp_path, timeout=1800
                ),
                ids,
            )
        )
    assert [each.code for each in ended] == [0] * AT_ONCE, [each.stderr for each in ended]
    for name in ("gold/users_features_{}.csv", "outputs/perks_{}.csv", "outputs/report_{}.pdf"):
        expected = (sealed_folder / "data" / name.format("demo")).read_bytes()
        for run_id in ids:
            assert (tmp_path / "data" / name.format(run_id)).read_bytes() == expected
