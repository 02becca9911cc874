"""Folders with crafted runs, for tests of what is told and done about runs."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from travel_perks.layout import Layout
from travel_perks.running.runlog import as_line, timestamp
from travel_perks.settings import Settings
from travel_perks.tables import TABLES

DAY = 86400.0
START = 1_760_000_000.0  # 2025-10-09T08:53:20Z


@dataclass(frozen=True)
class Folders:
    """The four folders below one root."""

    root: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            gold_dir=str(self.root / "data/gold"),
            output_dir=str(self.root / "data/outputs"),
            logs_dir=str(self.root / "logs"),
            work_dir=str(self.root / "data"),
        )

    def layout(self, run_id: str) -> Layout:
        return Layout.of(self.settings, run_id)

    def store(self, content: str) -> str:
        """Put an input into the store; return its hash."""
        name = sha256(content)
        write(Path(self.layout("x").store) / name, content)
        return name

    def fetched(self, run_id: str, content: str = "rows") -> None:
        """Leave what the downloads of a run leave: links to stored inputs, and receipts."""
        for table in TABLES:
            name = self.store(f"{content} of {table}")
            linked = Path(self.layout(run_id).bronze(f"{table}.csv"))
            linked.parent.mkdir(parents=True, exist_ok=True)
            linked.unlink(missing_ok=True)
            linked.hardlink_to(Path(self.layout(run_id).store) / name)
            receipt = {"source": table, "sha256": name, "bytes": 1}
            write(Path(self.layout(run_id).bronze(f"{table}.json")), json.dumps(receipt))

    def logged(self, run_id: str, *messages: str, at: float = START, **ending: Any) -> None:
        """Append one record a message, a second apart; `ending` goes to the last."""
        path = Path(self.layout(run_id).log)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            for number, message in enumerate(messages):
                fields = ending if number == len(messages) - 1 else {}
                log.write(as_line(entry(message, run_id, at + number, **fields)))

    def failed(self, run_id: str, content: str = "rows", at: float = START) -> None:
        """Leave a run that failed after its downloads."""
        self.fetched(run_id, content)
        frozen = yaml.safe_dump({"run_id": run_id, "min_sessions": 7, "cores": 2})
        write(Path(self.layout(run_id).frozen), frozen)
        write(Path(self.layout(run_id).silver("users.parquet")), "typed")
        write(Path(self.layout(run_id).job_log("clean_users")), "{}")
        self.logged(
            run_id, "run started", "run finished", at=at, status="failed", duration_seconds=1.5
        )

    def sealed(
        self, run_id: str, content: str = "rows", at: float = START, keep: bool = False
    ) -> dict[str, Any]:
        """Leave a sealed run of 10 users; return its manifest."""
        layout = self.layout(run_id)
        self.fetched(run_id, content)
        for path in layout.bulky:
            if not keep:
                path.unlink(missing_ok=True)
            elif not path.exists():
                write(path, "bulky")
        write(Path(layout.silver("gold.parquet")), "gold")
        artefacts = {}
        for name, path in layout.artefacts.items():
            write(path, f"{name} of {run_id}")
            held = {"sha256": sha256(f"{name} of {run_id}"), "bytes": path.stat().st_size}
            artefacts[name] = {"path": str(path), **held}
        manifest = {
            "schema_version": 1,
            "run_id": run_id,
            "started": timestamp(at),
            "finished": timestamp(at + 60),
            "result_settings": {"min_sessions": 7},
            "run_settings": {"run_id": run_id, "keep_intermediate": keep},
            "package": {"version": "0.1.0", "code": "0"},
            "libraries": {},
            "inputs": {
                table: json.loads(Path(layout.bronze(f"{table}.json")).read_text())
                for table in TABLES
            },
            "counts": {
                "tables": {table: counts(table) for table in TABLES},
                "cohort": {
                    "users_in_source": 12,
                    "users_in_cohort": 10,
                    "start_date": "2023-01-04",
                    "min_sessions": 7,
                },
                "perks": {"free_meal": 6, "free_bag": 4},
            },
            "artefacts": artefacts,
        }
        write(Path(layout.manifest), json.dumps(manifest))
        return manifest


def counts(table: str) -> dict[str, Any]:
    numbers = {"read": 5, "kept": 3, "merged": 0, "rejected": 2, "ignored": 0}
    rules = {"rejected_by_rule": {"out_of_range": 2}, "changed_by_rule": {"repaired_nights": 1}}
    return {"table": table, **numbers, **rules}


def entry(message: str, run_id: str, at: float, **fields: Any) -> dict[str, Any]:
    level = fields.pop("level", "INFO")
    return {
        "timestamp": timestamp(at),
        "level": level,
        "logger": "travel_perks",
        "message": message,
        "run_id": run_id,
        **fields,
    }


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(content)


def files_in(folder: Path) -> set[str]:
    """The files and links below a folder, locks left out."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.suffix != ".lock"
    }
