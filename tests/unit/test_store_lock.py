"""Many may fetch into the store at once; whoever removes from it is alone."""

import threading
from pathlib import Path

import pytest

from travel_perks.errors import BusyError, Exit
from travel_perks.fetching.store_lock import fetching, removing


def test_many_fetch_at_once(tmp_path: Path) -> None:
    with fetching(tmp_path / "lock"), fetching(tmp_path / "lock"):
        pass


def test_nothing_is_removed_during_a_fetch(tmp_path: Path) -> None:
    with (
        fetching(tmp_path / "lock"),
        pytest.raises(BusyError) as refused,
        removing(tmp_path / "lock"),
    ):
        pass
    assert refused.value.exit_code == Exit.BUSY
    with removing(tmp_path / "lock"):
        pass


def test_a_fetch_waits_for_a_removal(tmp_path: Path) -> None:
    entered = threading.Event()

    def fetch() -> None:
        with fetching(tmp_path / "lock"):
            entered.set()

    thread = threading.Thread(target=fetch)
    with removing(tmp_path / "lock"):
        thread.start()
        assert not entered.wait(0.2)
    thread.join(10)
    assert entered.is_set()
