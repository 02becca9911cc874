"""What the commands about runs print for a person."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from travel_perks.runs.catalogue import Run
from travel_perks.runs.console import Page, duration, moment, number, percent, size
from travel_perks.runs.removal import amount
from travel_perks.runs.verify import Verdict

SHOWN_FIELDS = ("rule", "table", "suite", "expectation", "column", "observed", "rows_failed")


def print_runs(runs: Sequence[Run]) -> None:
    """Print one line a run, with a column for each perk."""
    page = Page()
    if not runs:
        page.line("There are no runs yet.")
        return
    perks = sorted({perk for run in runs for perk in run.perks})
    heads = [f"{perk.replace('_', ' ')} %" for perk in perks]
    shares = [[percent(run.shares.get(perk)) for perk in perks] for run in runs]
    if page.narrow:  # one short column for all perks
        heads = ["perks %"]
        shares = [
            [" ".join(f"{100 * run.shares.get(perk, 0):.0f}" for perk in perks)] for run in runs
        ]
    page.table(
        ["run", "state", "started (UTC)", "duration", "users", *heads],
        [
            [
                run.run_id,
                run.state,
                moment(run.started),
                duration(run.duration_seconds),
                number(run.users),
                *(shown if run.perks else [""] * len(shown)),
            ]
            for run, shown in zip(runs, shares, strict=True)
        ],
    )
    if page.narrow and perks:
        page.line(f"Perks, in this order: {', '.join(perks)}.")
    for run in runs:
        if run.note and run.state != "deleted":
            page.line(f"{run.run_id}: {run.note}")


def _together(shares: Iterable[float]) -> str:
    return " ".join(f"{100 * share:.0f}" for share in shares)


def print_details(found: Mapping[str, Any]) -> None:
    """Print what `details` found of a run, section by section."""
    page = Page()
    version = found["package"].get("version")
    facts = (
        found["note"] if found["state"] == "deleted" else found["state"],
        found["note"] if found["state"] != "deleted" else "",
        found["started"] and f"started {moment(found['started'])} UTC",
        duration(found["duration_seconds"]),
        version and f"made by version {version}",
    )
    page.line(f"Run {found['run_id']}: {', '.join(filter(None, facts))}")
    for print_section in (
        _failure,
        _perks,
        _artefacts,
        _checks,
        _rows,
        _inputs,
        _stages,
        _settings,
    ):
        print_section(page, found)


def print_verdict(page: Page, verdict: Verdict) -> None:
    """Print what was found of one run, a line for it and one a fault."""
    files = [
        file for file in (*verdict.artefacts, *verdict.stored_inputs) if file.state != "missing"
    ]
    if verdict.faults:
        page.line(f"{verdict.run_id}: NOT as it was sealed")
        for fault in verdict.faults:
            page.line(f"  {fault}")
    else:
        total = size(sum(file.bytes for file in files))
        page.line(f"{verdict.run_id}: intact ({len(files)} files, {total})")
    if verdict.gone_inputs:
        page.line(f"  stored inputs gone: {', '.join(verdict.gone_inputs)}")


def print_heaps(heaps: Sequence[tuple[str, Sequence[Path]]]) -> None:
    """Print what is about to be removed: why, how much, and where it lies."""
    rows = []
    for what, files in heaps:
        if not files:
            continue
        found = amount(files)
        folders = sorted({str(path.parent) for path in files})
        rows.append([what, number(found.files), size(found.bytes), ", ".join(folders)])
    page = Page()
    page.table(["to be removed", "files", "size", "in"], rows)
    together = amount(path for _, files in heaps for path in files)
    page.line(f"Together {number(together.files)} files, {size(together.bytes)} on the disk.")


def _failure(page: Page, found: Mapping[str, Any]) -> None:
    if found["errors"]:
        _head(page, "What went wrong in the last attempt")
        for entry in found["errors"]:
            fields = [f"{name}={entry[name]}" for name in SHOWN_FIELDS if entry.get(name)]
            page.line(f"{moment(entry['timestamp'])} {entry['message']} ({', '.join(fields)})")


def _perks(page: Page, found: Mapping[str, Any]) -> None:
    if cohort := found["cohort"]:
        _head(page, "Cohort and perks")
        page.line(
            f"{number(cohort.get('users_in_cohort'))} of {number(cohort.get('users_in_source'))} "
            f"users: at least {cohort.get('min_sessions')} sessions since "
            f"{cohort.get('start_date')}"
        )
    if found["perks"]:
        rows = [
            [perk, number(one["users"]), percent(one["share"])]
            for perk, one in found["perks"].items()
        ]
        page.table(["perk", "users", "%"], rows)


def _artefacts(page: Page, found: Mapping[str, Any]) -> None:
    if found["artefacts"]:
        _head(page, "Artefacts")
        page.table(
            ["artefact", "state", "size", "path", "sha256"],
            [
                [file["name"], file["state"], size(file["bytes"]), file["path"], file["sha256"]]
                for file in found["artefacts"]
            ],
        )


def _checks(page: Page, found: Mapping[str, Any]) -> None:
    checks = found["checks"]
    if checks["passed"] or checks["failed"]:
        _head(page, "Checks")
        page.line(f"{checks['passed']} passed, {checks['failed']} failed")
    if checks["failing"]:
        names = ("suite", "expectation", "column", "expected", "observed", "rows_failed")
        rows = [[check.get(name) for name in names] for check in checks["failing"]]
        page.table([name.replace("_", " ") for name in names], rows)


def _rows(page: Page, found: Mapping[str, Any]) -> None:
    if found["tables"]:
        _head(page, "Rows")
        names = ("read", "kept", "merged", "rejected", "ignored")
        rows = [[one["table"], *(number(one[name]) for name in names)] for one in found["tables"]]
        page.table(["table", *names], rows)
    by_rule = [
        [one["table"], rule, what, number(count)]
        for one in found["tables"]
        for what in ("rejected", "changed")
        for rule, count in one[f"{what}_by_rule"].items()
    ]
    if by_rule:
        page.line()
        page.table(["table", "rule", "what became of them", "rows"], by_rule)


def _inputs(page: Page, found: Mapping[str, Any]) -> None:
    if found["inputs"]:
        _head(page, "Inputs")
        page.table(
            ["table", "size", "stored", "source", "sha256"],
            [
                [
                    one["table"],
                    size(one["bytes"]),
                    "yes" if one["stored"] else "no",
                    one["source"],
                    one["sha256"],
                ]
                for one in found["inputs"]
            ],
        )


def _stages(page: Page, found: Mapping[str, Any]) -> None:
    if found["stages"]:
        _head(page, "Stages")
        page.table(
            ["stage", "table", "time", "rows in", "rows out", "memory MB", "load %"],
            [
                [
                    one["rule"],
                    one["table"],
                    duration(one["seconds"]),
                    number(one["rows_in"]),
                    number(one["rows_out"]),
                    one["max_rss_mb"],
                    one["mean_load_percent"],
                ]
                for one in found["stages"]
            ],
        )


def _settings(page: Page, found: Mapping[str, Any]) -> None:
    for kind in ("result", "run"):
        if values := found["settings"][kind]:
            _head(page, f"{kind.capitalize()} settings")
            page.table(["setting", "value"], values.items())


def _head(page: Page, text: str) -> None:
    page.line()
    page.line(text)
