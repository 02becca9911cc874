"""What a manifest must hold to be a manifest: all that is later read of it."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from travel_perks.fetching.store import OBJECT_NAME

# It becomes a file name of the store.
Sha256 = Annotated[str, Field(pattern=f"^{OBJECT_NAME}$")]


class _File(BaseModel):
    sha256: Sha256
    bytes: NonNegativeInt


class _Artefact(_File):
    path: str


class _Input(_File):
    source: str


class _Artefacts(BaseModel):
    gold: _Artefact
    perks: _Artefact
    report: _Artefact


class TableCounts(BaseModel):
    """The rows of a source, and what became of them."""

    table: str
    read: int
    kept: int
    merged: int
    rejected: int
    ignored: int
    rejected_by_rule: dict[str, int]
    changed_by_rule: dict[str, int]


class _Cohort(BaseModel):
    users_in_source: int
    users_in_cohort: int
    start_date: str
    min_sessions: int


class _Counts(BaseModel):
    tables: dict[str, TableCounts]
    cohort: _Cohort
    perks: dict[str, NonNegativeInt]


class _Manifest(BaseModel):
    run_id: str
    started: str
    finished: str
    result_settings: dict[str, Any]
    run_settings: dict[str, Any]
    package: dict[str, str]
    inputs: dict[str, _Input]
    counts: _Counts
    artefacts: _Artefacts


def require_manifest(content: Any) -> None:
    """Raise ValueError, in a phrase without a full stop, unless `content` is a manifest."""
    try:
        _Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise ValueError(f"{where}: {first['msg']}") from None
