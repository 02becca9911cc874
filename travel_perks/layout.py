"""Where each file of a run lies. File names are fixed; the folders are settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from travel_perks.settings import Settings


@dataclass(frozen=True)
class Layout:
    """Paths of a run, as text.

    The rules use the layout of the run id `{run_id}`, which makes every path a pattern.
    """

    run_id: str
    gold_dir: str
    output_dir: str
    logs_dir: str
    work_dir: str

    @classmethod
    def of(cls, settings: Settings, run_id: str | None = None) -> Self:
        """Lay out a run in the folders of `settings`."""
        return cls(
            run_id=run_id or settings.run_id,
            gold_dir=settings.gold_dir,
            output_dir=settings.output_dir,
            logs_dir=settings.logs_dir,
            work_dir=settings.work_dir,
        )

    @property
    def gold(self) -> str:
        """The gold table: features, cluster, perk and reasons."""
        return f"{self.gold_dir}/users_features_{self.run_id}.csv"

    @property
    def perks(self) -> str:
        """The perk of each user."""
        return f"{self.output_dir}/perks_{self.run_id}.csv"

    @property
    def report(self) -> str:
        """The report."""
        return f"{self.output_dir}/report_{self.run_id}.pdf"

    @property
    def manifest(self) -> str:
        """The seal of the run."""
        return f"{self.output_dir}/manifest_{self.run_id}.json"

    @property
    def log(self) -> str:
        """The log of the run."""
        return f"{self.logs_dir}/{self.run_id}.log"

    @property
    def store(self) -> str:
        """The folder of inputs by content."""
        return f"{self.work_dir}/store"

    @property
    def lock(self) -> str:
        """The file that whoever works on the run holds locked."""
        return f"{self.work_dir}/locks/{self.run_id}.lock"

    @property
    def frozen(self) -> str:
        """The settings of the run's last start."""
        return f"{self.work_dir}/settings/{self.run_id}.yaml"

    @property
    def store_lock(self) -> str:
        """The file that fetches hold locked together, and a removal of stored inputs alone."""
        return f"{self.work_dir}/locks/.store.lock"

    @property
    def tombstone(self) -> str:
        """What stays of the run once it is deleted."""
        return f"{self.work_dir}/deleted/{self.run_id}.json"

    @property
    def apart(self) -> str:
        """The folder in which lost artefacts are remade."""
        return f"{self.work_dir}/remake/{self.run_id}"

    def bronze(self, name: str) -> str:
        """Name a file about an input as received."""
        return f"{self.work_dir}/bronze/{self.run_id}/{name}"

    def latest_receipt(self, table: str) -> str:
        """Name the receipt of the last time that any run fetched `table`."""
        return f"{self.work_dir}/receipts/{table}.json"

    def silver(self, name: str) -> str:
        """Name a typed table, or what belongs to one."""
        return f"{self.work_dir}/silver/{self.run_id}/{name}"

    def checks(self, name: str) -> str:
        """Name the findings of a check."""
        return f"{self.work_dir}/checks/{self.run_id}/{name}.json"

    def gate(self, name: str) -> str:
        """Name the mark that a gate leaves once it is passed."""
        return f"{self.work_dir}/checks/{self.run_id}/{name}.passed"

    def job_log(self, rule: str) -> str:
        """Name the log of one job."""
        return f"{self.work_dir}/joblogs/{self.run_id}/{rule}.log"

    def benchmark(self, rule: str) -> str:
        """Name the measurements of one job."""
        return f"{self.work_dir}/benchmarks/{self.run_id}/{rule}.tsv"

    @property
    def folders(self) -> list[Path]:
        """The folders that hold nothing but files of this run."""
        kinds = ("bronze", "silver", "checks", "joblogs", "benchmarks", "remake")
        return [Path(self.work_dir) / kind / self.run_id for kind in kinds]

    @property
    def published_folders(self) -> list[Path]:
        """The folders of the settings."""
        return [Path(f) for f in (self.gold_dir, self.output_dir, self.logs_dir, self.work_dir)]

    @property
    def working_folders(self) -> list[Path]:
        """The folders that the jobs of the run write to, besides."""
        files = (
            self.bronze("x"), self.silver("x"), self.checks("x"), self.job_log("x"),
            self.benchmark("x"), self.latest_receipt("x"), self.lock, self.frozen,
        )  # fmt: skip
        return [Path(self.store), *(Path(file).parent for file in files)]

    @property
    def bulky(self) -> list[Path]:
        """What a sealed run has no more use for: not even a lost artefact is made of it."""
        tables = ("users", "sessions", "flights", "hotels", "features", "scored")
        return [
            *(Path(self.silver(f"{table}.parquet")) for table in tables),
            *(Path(self.bronze(f"{table}.csv")) for table in tables[:4]),
        ]

    @property
    def artefacts(self) -> dict[str, Path]:
        """What the run publishes, by name."""
        return {
            "gold": Path(self.gold),
            "perks": Path(self.perks),
            "report": Path(self.report),
        }
