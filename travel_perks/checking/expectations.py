"""Checks that an analyst declares in YAML and Great Expectations runs.

A file has one section per suite, and a section is a list of expectations:

    gold:
      - expect_column_values_to_not_be_null: {column: user_id}
      - expect_column_values_to_be_between: {columns: [n_trips, n_flights], min_value: 0}
      - expect_column_values_to_be_in_set: {column: perk, value_set: $perk_ids}

Names and arguments are Great Expectations' own. `columns` stands for one expectation a
column, and `$name` for a value that comes from the settings.

Results hold counts and ranges, and no row value of an identifier or a personal column.
"""

import logging
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from travel_perks import strict_yaml
from travel_perks.errors import ConfigurationError, DataQualityError, TravelPerksError
from travel_perks.tables import TABLES, Table

if TYPE_CHECKING:
    import pandas as pd

    from travel_perks.checking.gx_adapter import Crash, Outcome

# Columns whose values are never shown: identifiers, and what describes a person.
PRIVATE_COLUMNS = frozenset(
    column.name
    for table in TABLES.values()
    for column in table.columns
    if column.personal or column.kind == "id" or column.name == "user_id"
)

# Arguments of every expectation that would change nothing here, or make results hold rows.
_REFUSED = frozenset(
    ("catch_exceptions", "id", "meta", "rendered_content", "result_format", "severity", "windows")
)
# Arguments that complete the last word of an expectation's name: "be in set", "equal".
_OBJECTS = ("value", "value_set", "column_list", "column_set", "regex")
_LONGEST_LIST = 6


@dataclass(frozen=True)
class Expectation:
    """One declared check: Great Expectations' name and arguments, and where it is declared."""

    name: str
    kwargs: Mapping[str, Any]
    where: str

    @property
    def columns(self) -> list[str]:
        """The columns whose values are checked; none when the table's shape is."""
        if self.name.startswith("expect_table_"):
            return []
        keys = ("column", "column_A", "column_B")
        named = [self.kwargs[key] for key in keys if key in self.kwargs]
        return named or list(self.kwargs.get("column_list", []))

    @property
    def is_private(self) -> bool:
        """Whether it looks at an identifier or a personal column."""
        return not PRIVATE_COLUMNS.isdisjoint(self.columns)

    def wrong(self, what: str) -> ConfigurationError:
        """Build the error that says what is wrong with this entry."""
        return _wrong(f"{self.where} ({self.name})", what)


@dataclass(frozen=True)
class CheckResult:
    """What became of one expectation, in plain values that can be logged and published.

    `rows_failed` counts every failing row; a failed check of the table as a whole counts 1.
    """

    suite: str
    expectation: str
    column: str | None
    success: bool
    expected: str
    observed: str | None
    rows_failed: int


def load_suites(text: str, sections: Iterable[str]) -> dict[str, list[Expectation]]:
    """Parse an expectations file that has exactly `sections`, each with an expectation or more.

    Names and arguments meet Great Expectations only in `validate`. Raises ConfigurationError,
    naming the section and the entry, counted from 1.
    """
    try:
        content = strict_yaml.parse(text)
    except ValueError as error:
        raise _wrong("its text", f"{error}.") from error
    wanted = list(sections)
    if not isinstance(content, dict):
        raise _wrong("its top level", f"expected the sections {', '.join(wanted)}.")
    for name in content:
        if name not in wanted:
            raise _wrong(f"'{name}'", f"there is no such section; {nearest(str(name), wanted)}")
    return {name: _suite(name, content.get(name)) for name in wanted}


def validate(
    table: "pd.DataFrame",
    suite: Sequence[Expectation],
    *,
    suite_name: str,
    parameters: Mapping[str, Any],
) -> list[CheckResult]:
    """Check `table` with Great Expectations: one result for each entry of `suite`, in order.

    `parameters` are the values of the `$name`s. Timestamps of the table are UTC without a
    zone. Nothing is written, printed or sent.

    Raises ConfigurationError for a name, argument, column or parameter that does not exist,
    and TravelPerksError for an expectation that crashed: this says nothing about the data.
    """
    resolved = [_resolved(expectation, parameters) for expectation in suite]
    for expectation in resolved:
        _check_values(expectation)
    with _quietly():
        from travel_perks.checking import gx_adapter

        outcomes = gx_adapter.run(table, suite, parameters)
    pairs = list(zip(resolved, outcomes, strict=True))
    for expectation, outcome in pairs:
        if outcome.crash:
            raise _crashed(expectation, outcome.crash)
    return [_result(suite_name, expectation, outcome, table) for expectation, outcome in pairs]


def require(results: Sequence[CheckResult]) -> None:
    """Raise DataQualityError when a check failed, with the first one and how many there are."""
    failed = [result for result in results if not result.success]
    if not failed:
        return
    first = failed[0]
    of_column = f" of {first.column}" if first.column else ""
    observed = f", observed {first.observed}" if first.observed else ""
    raise DataQualityError(
        f"{len(failed)} of {len(results)} data checks failed, first {first.suite}: "
        f"{first.expectation}{of_column} (expected {first.expected}{observed}, rows failed "
        f"{first.rows_failed}); see the findings file or the log for each."
    )


def profile_columns(table: Table) -> list[str]:
    """Name the columns of the one-row profile that the suite of a source table checks.

    rows_*: counts; read = kept + merged + rejected + ignored. rejected_share: rejected / read,
    0 when nothing was read. null_share_<column>: of the rows kept, empty when there are none.
    earliest_<column>, latest_<column>: timestamps in UTC without a zone (midnight for a date),
    empty when there is no value; personal columns have none, as it would be one person's.
    """
    counts = ["rows_read", "rows_kept", "rows_merged", "rows_rejected", "rows_ignored"]
    nulls = [f"null_share_{name}" for name in table.column_names]
    ranges = [
        f"{end}_{column.name}"
        for column in table.columns
        if column.kind in ("timestamp", "date") and not column.personal
        for end in ("earliest", "latest")
    ]
    return [*counts, "rejected_share", *nulls, *ranges]


def profile_table(profile: Mapping[str, Any]) -> "pd.DataFrame":
    """Make the one-row table that `validate` takes of a profile; its moments may be ISO text."""
    import pandas as pd

    moments = ("earliest_", "latest_")
    return pd.DataFrame(
        {
            name: [pd.to_datetime(value) if name.startswith(moments) else value]
            for name, value in profile.items()
        }
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Close an error sentence: the known name that was probably meant, or all of them."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(names)}."


def _wrong(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"The expectations file is wrong at {where}: {what}")


def _suite(section: str, entries: object) -> list[Expectation]:
    if not isinstance(entries, list) or not entries:
        raise _wrong(f"'{section}'", "this section needs a list of one expectation or more.")
    return [
        expectation
        for number, entry in enumerate(entries, start=1)
        for expectation in _expand(entry, f"{section} > entry {number}")
    ]


def _expand(entry: object, where: str) -> list[Expectation]:
    """Make one expectation of an entry, or one a column when it has `columns`."""
    if not isinstance(entry, dict) or len(entry) != 1:
        raise _wrong(where, "expected one expectation, such as 'expect_...: {column: perk}'.")
    (name, arguments), *_ = entry.items()
    if not isinstance(name, str) or not name.startswith("expect_"):
        raise _wrong(where, f"'{name}' is no expectation; their names start with 'expect_'.")
    if not isinstance(arguments, dict):
        raise _wrong(f"{where} ({name})", "its arguments must be written as {column: perk}.")
    kwargs = {str(key): _value(str(key), value) for key, value in arguments.items()}
    whole = Expectation(name, kwargs, where)
    for key in kwargs:
        if key in _REFUSED:
            raise whole.wrong(f"'{key}' cannot be set: every failed check ends a run; remove it.")
    if "columns" not in kwargs:
        return [whole]
    columns = kwargs.pop("columns")
    if "column" in kwargs or not isinstance(columns, list) or not columns:
        raise whole.wrong("give either 'column', or 'columns' with a list of names.")
    return [replace(whole, kwargs={"column": column, **kwargs}) for column in columns]


def _value(key: str, value: object) -> object:
    """Translate a YAML value to what Great Expectations takes."""
    if isinstance(value, str):
        if re.fullmatch(r"\$[A-Za-z]\w*", value):
            return {"$PARAMETER": value[1:]}
        return _bound(value) if key in ("min_value", "max_value") else value
    return _moment(value) if isinstance(value, date) else value


def _bound(text: str) -> object:
    """Read a bound that YAML left as text: 1e5, or a date in quotes."""
    for read in (float, datetime.fromisoformat):
        try:
            bound = read(text)
        except ValueError:
            continue
        return _moment(bound) if isinstance(bound, datetime) else bound
    return text


def _moment(day: date) -> datetime:
    """Turn a date or a timestamp into UTC without a zone, as tables have it."""
    if not isinstance(day, datetime):
        return datetime(day.year, day.month, day.day)
    return day.astimezone(UTC).replace(tzinfo=None) if day.tzinfo else day


def _resolved(expectation: Expectation, parameters: Mapping[str, Any]) -> Expectation:
    """Put the values of the `$name`s in."""
    kwargs = dict(expectation.kwargs)
    for key, value in kwargs.items():
        if isinstance(value, dict) and "$PARAMETER" in value:
            name = str(value["$PARAMETER"])
            if name not in parameters:
                raise expectation.wrong(
                    f"'${name}' is not a setting that checks can use; {nearest(name, parameters)}"
                )
            kwargs[key] = parameters[name]
    return replace(expectation, kwargs=kwargs)


def _check_values(expectation: Expectation) -> None:
    """Refuse what Great Expectations takes, but would crash on while it validates."""
    low, high = (expectation.kwargs.get(key) for key in ("min_value", "max_value"))
    if low is not None and high is not None:
        try:
            ordered = low <= high
        except TypeError as error:
            raise expectation.wrong("min_value and max_value cannot be compared.") from error
        if not ordered:
            raise expectation.wrong("min_value is greater than max_value.")
    patterns = expectation.kwargs.get("regex_list", [expectation.kwargs.get("regex", "")])
    for pattern in patterns if isinstance(patterns, list) else []:
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise expectation.wrong(f"'{pattern}' is no regular expression: {error}.") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Great Expectations from phoning home, logging and warning; importing it may do each."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.captureWarnings(False)  # its import turns this on for the whole process


def _crashed(expectation: Expectation, crash: "Crash") -> TravelPerksError:
    """Tell a crash from bad data; its message stays out where it may quote a private value."""
    message = "" if expectation.is_private else f": {crash.message.rstrip('.')}"
    error = TravelPerksError(
        f"The check {expectation.name} at {expectation.where} crashed and says nothing about the "
        f"data ({crash.kind}{message}); correct the entry, or report this."
    )
    if not expectation.is_private:
        error.add_note(crash.traceback)
    return error


def _result(
    suite_name: str, expectation: Expectation, outcome: "Outcome", table: "pd.DataFrame"
) -> CheckResult:
    return CheckResult(
        suite=suite_name,
        expectation=expectation.name,
        column=", ".join(expectation.columns) or None,
        success=outcome.success,
        expected=_expected(expectation),
        observed=_observed(expectation, outcome, table),
        rows_failed=0 if outcome.success else outcome.rows_failed,
    )


def _expected(expectation: Expectation) -> str:
    """Say what was expected: 'between 0 and 1', 'be in set none, weak', 'equal 4000'."""
    kwargs = dict(expectation.kwargs)
    for key in ("column", "column_A", "column_B", "column_list") if expectation.columns else ():
        kwargs.pop(key, None)
    low, high = kwargs.pop("min_value", None), kwargs.pop("max_value", None)
    if low is not None and low == high:
        said = f"exactly {_text(low)}"
    elif low is not None and high is not None:
        said = f"between {_text(low)} and {_text(high)}"
    elif low is not None or high is not None:
        said = f"at most {_text(high)}" if low is None else f"at least {_text(low)}"
    else:
        said = expectation.name.partition("_to_")[2].replace("_", " ")
    for key, value in kwargs.items():
        said += f" {_text(value)}" if key in _OBJECTS else f", {key} {_text(value)}"
    return said


def _observed(expectation: Expectation, outcome: "Outcome", table: "pd.DataFrame") -> str | None:
    """Say what was found, as a range or a count; None when the success says it all."""
    kwargs = expectation.kwargs
    if outcome.rows is not None:
        bounded = expectation.name == "expect_column_values_to_be_between"
        if bounded and not expectation.is_private and "row_condition" not in kwargs:
            return _range(table[kwargs["column"]])
        return f"{outcome.rows_failed:,} of {outcome.rows:,} rows"
    found = outcome.observed
    if found is None or expectation.is_private:
        return None
    if expectation.name.startswith("expect_table_columns_to_match"):
        return _column_difference(kwargs.get("column_list") or kwargs["column_set"], found)
    if isinstance(found, list | dict) and expectation.columns:
        return f"{len(found)} values"
    return _text(found)


def _range(column: "pd.Series[Any]") -> str:
    if not column.notna().any():
        return "no values"
    low, high = _text(column.min()), _text(column.max())
    return low if low == high else f"from {low} to {high}"


def _column_difference(wanted: Sequence[str], found: Sequence[str]) -> str:
    extra = [name for name in found if name not in wanted]
    missing = [name for name in wanted if name not in found]
    if extra or missing:
        return f"unexpected: {_text(extra)}; missing: {_text(missing)}"
    return "the same columns" if list(wanted) == list(found) else "another order"


def _text(value: Any) -> str:
    """Write a value for people: 3 for 3.0, a date for a midnight, the start of a long list."""
    if isinstance(value, list | tuple | set | frozenset):
        shown = [_text(item) for item in list(value)[:_LONGEST_LIST]]
        more = len(value) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "") or "none"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if hasattr(value, "item"):  # a numpy number
        value = value.item()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
