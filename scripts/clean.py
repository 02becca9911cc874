"""Type and sort out the rows of one source."""

from dataclasses import asdict
from pathlib import Path

from travel_perks.cleaning.clean import clean
from travel_perks.cleaning.profile import profile
from travel_perks.cleaning.rejects import rejects
from travel_perks.cleaning.source_csv import open_source
from travel_perks.files import write_json
from travel_perks.publishing.table_files import write_csv, write_parquet
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database
from travel_perks.tables import TABLES

with job(snakemake) as fields:
    table = TABLES[snakemake.wildcards.table]
    connection = open_database(snakemake)
    known = [connection.read_parquet(path) for path in snakemake.input.known]
    cleaned = clean(
        open_source(connection, Path(snakemake.input.csv), table),
        table,
        known=known[0] if known else None,
    )
    write_parquet(cleaned.kept, snakemake.output.kept)
    write_csv(rejects(cleaned, table), snakemake.output.rejects, mode=0o440)
    facts = {"counts": asdict(cleaned.counts), "profile": profile(cleaned, table)}
    write_json(snakemake.output.facts, facts)
    fields.update(cleaned.counts.fields())
