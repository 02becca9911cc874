"""Run expectations with Great Expectations, in memory.

The only module that imports Great Expectations, which takes seconds: import it to validate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation import Expectation as GxExpectation

from travel_perks.checking.expectations import Expectation, nearest

# Counts of failing rows are complete in this format. SUMMARY and COMPLETE would also collect
# the rows themselves, which is slow, large and personal.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


class ExpectTableColumnsToNotContainSet(BatchExpectation):
    """Expect a table to have none of the columns of `column_set`.

    Great Expectations can say which columns a table must have, not which it must not.
    """

    column_set: list[str] | dict[str, Any]  # a dict stands for a suite parameter

    metric_dependencies = ("table.columns",)
    success_keys = ("column_set",)
    args_keys = ("column_set",)

    def _validate(
        self, metrics: dict[str, Any], *_runtime: object, **_settings: object
    ) -> dict[str, Any]:
        forbidden = self._get_success_kwarg("column_set")
        found = [column for column in metrics["table.columns"] if column in forbidden]
        return {"success": not found, "result": {"observed_value": found}}


_CATALOGUE: dict[str, type[GxExpectation]] = {
    kind.expectation_type: kind
    for kind in (*vars(gxe).values(), ExpectTableColumnsToNotContainSet)
    if isinstance(kind, type) and hasattr(kind, "expectation_type")
}


@dataclass(frozen=True)
class Crash:
    """An expectation that could not be evaluated: the first exception, and the whole traceback."""

    kind: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations says of one expectation, without the rows that fail it.

    `rows` is how many rows were looked at; None when the expectation is about a whole column
    or table, with what it `observed` there. `rows_failed` is complete, and 1 for such a whole.
    """

    success: bool
    rows: int | None
    rows_failed: int
    observed: Any
    crash: Crash | None


def run(
    table: pd.DataFrame, suite: Sequence[Expectation], parameters: Mapping[str, Any]
) -> list[Outcome]:
    """Evaluate `suite` on `table`: one outcome for each entry, in order.

    `parameters` are Great Expectations' suite parameters. Raises ConfigurationError for an
    expectation, an argument or a column that does not exist.
    """
    built = [
        _build(expectation, list(table.columns), position)
        for position, expectation in enumerate(suite)
    ]
    validation = _batch(table).validate(
        gx.ExpectationSuite(name="checks", expectations=built),
        result_format=_RESULT_FORMAT,
        expectation_parameters=dict(parameters),
    )
    # Results come in an order of their own, the crashed ones first.
    by_position = {
        result.expectation_config.meta["position"]: result for result in validation.results
    }
    outcomes = [_outcome(by_position[position]) for position in range(len(suite))]
    for expectation, outcome in zip(suite, outcomes, strict=True):
        if outcome.crash and "MetricProviderError" in outcome.crash.traceback:
            raise expectation.wrong("it works on databases only; use another expectation.")
    return outcomes


def _batch(table: pd.DataFrame) -> Any:
    """Hand the table to a context that lives in memory alone."""
    # Without this configuration the context makes and removes temporary folders.
    configuration = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=configuration)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("table")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    return whole.get_batch({"dataframe": table})


def _build(expectation: Expectation, columns: Sequence[str], position: int) -> GxExpectation:
    kind = _CATALOGUE.get(expectation.name)
    if kind is None:
        raise expectation.wrong(
            f"Great Expectations has no such expectation; {nearest(expectation.name, _CATALOGUE)}"
        )
    try:
        built = kind(**expectation.kwargs, meta={"position": position})
    except pydantic.ValidationError as error:
        raise expectation.wrong(_finding(error, kind)) from error
    except GreatExpectationsError as error:
        raise expectation.wrong(f"{error}.") from error
    for column in expectation.columns:
        if column not in columns and expectation.name != "expect_column_to_exist":
            raise expectation.wrong(
                f"the table has no column '{column}'; {nearest(column, columns)}"
            )
    return built


def _finding(error: pydantic.ValidationError, kind: type[GxExpectation]) -> str:
    """Say the most telling finding: a mistyped argument is also found as one that is missing."""
    first = min(error.errors(), key=lambda finding: finding["type"] != "value_error.extra")
    argument = str(first["loc"][0])
    if first["type"] == "value_error.extra":
        own = [name for name in kind.__fields__ if name not in BatchExpectation.__fields__]
        return f"it has no argument '{argument}'; {nearest(argument, own)}"
    if argument == "__root__":
        return f"{first['msg']}."
    if first["type"] == "value_error.missing":
        return f"the argument '{argument}' is missing."
    return f"the argument '{argument}' does not fit: {first['msg']}."


def _outcome(result: Any) -> Outcome:
    found = result.result
    rows = found.get("element_count")
    return Outcome(
        success=bool(result.success),
        rows=rows,
        rows_failed=int(not result.success) if rows is None else int(found["unexpected_count"]),
        observed=found.get("observed_value"),
        crash=_crash(result.exception_info),
    )


def _crash(info: Mapping[str, Any]) -> Crash | None:
    """Find the exception in what Great Expectations keeps: one record, or one a metric."""
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if record["raised_exception"]:
            traceback = str(record["exception_traceback"])
            kinds = re.findall(r"^(?:\w+\.)*(\w+): ", traceback, re.MULTILINE)
            message = " ".join(str(record["exception_message"]).split())
            return Crash(kinds[0] if kinds else "Exception", message, traceback)
    return None
