"""Every stage in one process and in memory, through the functions that the jobs use."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from travel_perks.checking.expectations import CheckResult, require
from travel_perks.checking.gates import check_gold, check_sources
from travel_perks.cleaning.clean import clean
from travel_perks.cleaning.profile import profile
from travel_perks.cleaning.source_csv import open_source
from travel_perks.config_files import config_file
from travel_perks.database import Connection, Relation, connect
from travel_perks.fetching.bronze import bring
from travel_perks.layout import Layout
from travel_perks.publishing.findings import Findings
from travel_perks.recommending.cohort import describe_cohort, require_cohort
from travel_perks.recommending.features import features, latest_day
from travel_perks.recommending.gold import gold
from travel_perks.recommending.model import fit
from travel_perks.recommending.perks import load_perks
from travel_perks.recommending.score import score
from travel_perks.running.runlog import timed
from travel_perks.settings import Settings
from travel_perks.tables import TABLES, refers_to

LOGGER = logging.getLogger("travel_perks")


def rehearse(settings: Settings) -> tuple[Relation, Findings]:
    """Run all stages and all checks, publish nothing, and leave no file behind.

    Returns the gold table and the findings, without receipts. Raises what the run itself
    would fail with.
    """
    with tempfile.TemporaryDirectory(prefix="travel_perks-") as folder:
        connection = connect(
            threads=settings.cores, memory_limit=settings.memory_limit, spill=folder
        )
        tables, facts = _cleaned(connection, settings, folder)
        source_checks = _check_sources(settings, facts)
        latest = latest_day(facts["sessions"]["profile"])
        users, cohort = _features(connection, settings, tables, latest)
        table, gold_checks = _gold(connection, settings, users)
        findings = Findings(
            tables=[facts[name]["counts"] for name in TABLES],
            receipts=[],
            checks=[asdict(found) for found in (*source_checks, *gold_checks)],
            cohort=cohort,
        )
        return connection.from_arrow(table), findings


def _cleaned(
    connection: Connection, settings: Settings, folder: str
) -> tuple[dict[str, pa.Table], dict[str, dict[str, Any]]]:
    """Fetch and clean the four tables; return them with their counts and profiles."""
    layout = Layout.of(settings.model_copy(update={"work_dir": folder}))
    tables: dict[str, pa.Table] = {}
    facts: dict[str, dict[str, Any]] = {}
    for name, table in TABLES.items():
        with timed("stage finished", LOGGER, rule="download", table=name) as stage:
            receipt = bring(table, layout, settings.model_dump(mode="json"))
            stage["bytes"] = receipt.bytes
        with timed("stage finished", LOGGER, rule="clean", table=name) as stage:
            known = [connection.from_arrow(tables[other]) for other in refers_to(name)]
            source = open_source(connection, Path(layout.store) / receipt.sha256, table)
            cleaned = clean(source, table, known=known[0] if known else None)
            tables[name] = cleaned.kept.to_arrow_table()
            facts[name] = {
                "counts": asdict(cleaned.counts),
                "profile": profile(cleaned, table),
            }
            stage.update(cleaned.counts.fields())
    return tables, facts


def _check_sources(settings: Settings, facts: Mapping[str, dict[str, Any]]) -> list[CheckResult]:
    with timed("stage finished", LOGGER, rule="check_sources") as stage:
        findings = check_sources(
            profiles=[facts[name]["profile"] for name in TABLES],
            expectations=config_file(settings, "source_expectations_file").read_text("utf-8"),
            max_reject_share=settings.max_reject_share,
        )
        stage["checks"] = len(findings)
    require(findings)
    return findings


def _features(
    connection: Connection, settings: Settings, tables: Mapping[str, pa.Table], latest: Any
) -> tuple[pa.Table, dict[str, Any]]:
    with timed("stage finished", LOGGER, rule="build_features") as stage:
        relations = {name: connection.from_arrow(table) for name, table in tables.items()}
        users = features(
            connection,
            relations,
            start_date=settings.start_date,
            min_sessions=settings.min_sessions,
            latest_day=latest,
        ).to_arrow_table()
        cohort = describe_cohort(
            connection,
            users=relations["users"],
            sessions=relations["sessions"],
            features=connection.from_arrow(users),
            start_date=settings.start_date,
            min_sessions=settings.min_sessions,
        )
        stage.update(rows_in=cohort["users_in_source"], rows_out=cohort["users_in_cohort"])
    require_cohort(cohort)
    return users, cohort


def _gold(
    connection: Connection, settings: Settings, users: pa.Table
) -> tuple[pa.Table, list[CheckResult]]:
    perks = load_perks(config_file(settings, "perks_file").read_text("utf-8"))
    frame = users.to_pandas()
    with timed("stage finished", LOGGER, rule="fit_model", rows_in=len(frame)):
        model = fit(frame, perks, clusters=settings.clusters, seed=settings.seed)
    with timed("stage finished", LOGGER, rule="score_users", rows_in=len(frame)) as stage:
        scored = score(frame, model, perks)
        stage["rows_out"] = len(scored)
    with timed("stage finished", LOGGER, rule="check_gold") as stage:
        table = gold(connection.from_arrow(users), connection.from_df(scored)).to_arrow_table()
        findings = check_gold(
            table.to_pandas(),
            expectations=config_file(settings, "gold_expectations_file").read_text("utf-8"),
            perks=perks,
            users_in_cohort=len(frame),
        )
        stage["checks"] = len(findings)
    require(findings)
    return table, findings
