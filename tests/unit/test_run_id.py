"""Run ids: which text may name files, and the one that the clock gives."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from travel_perks.errors import Exit, UsageError
from travel_perks.run_id import check_run_id, run_id_of_now


@pytest.mark.parametrize(
    "run_id", ["demo", "007", "20251021", "a", "A.b_c-d", "1.0", "true", "x" * 64, "0.1.2"]
)
def test_a_good_id_stays_as_it_is(run_id: str) -> None:
    assert check_run_id(run_id) == run_id


@pytest.mark.parametrize(
    "run_id",
    [
        "",
        ".",
        "..",
        "../x",
        "a..b",
        ".a",
        "-a",
        "_a",
        "a/b",
        "a b",
        "a\n",
        "ä",
        "x" * 65,
        "a\0",
        "٣",
    ],
)
def test_a_bad_id_is_refused_and_shown(run_id: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_run_id(run_id)
    assert refused.value.exit_code == Exit.USAGE
    assert repr(run_id) in str(refused.value)


@given(st.text(st.sampled_from("aZ09._-/ \n\\%~*"), max_size=70))
def test_an_accepted_id_names_one_file_in_its_own_folder(text: str) -> None:
    try:
        run_id = check_run_id(text)
    except UsageError:
        return
    path = PurePosixPath("logs") / f"{run_id}.log"
    assert path.parent == PurePosixPath("logs")
    assert path.stem == run_id
    assert 1 <= len(run_id) <= 64


def test_the_clock_gives_utc_in_a_form_that_is_accepted() -> None:
    in_tokyo = datetime(2025, 10, 21, 12, 0, 5, tzinfo=timezone(timedelta(hours=9)))
    assert run_id_of_now(in_tokyo) == "20251021T030005Z"
    before = datetime.now(UTC).replace(microsecond=0)
    read = datetime.strptime(check_run_id(run_id_of_now()), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert before <= read <= datetime.now(UTC)
