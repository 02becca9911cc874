"""The database of a job, for the scripts that need one."""

from typing import Any

from travel_perks.database import Connection, connect


def open_database(snakemake: Any) -> Connection:
    """Open the database of a job: its threads, the memory limit, and room to spill."""
    return connect(
        threads=snakemake.threads,
        memory_limit=snakemake.config["memory_limit"],
        spill=f"{snakemake.config['work_dir']}/spill",
    )
