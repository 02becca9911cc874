"""Take the cohort and describe its behaviour."""

from datetime import date

from travel_perks.files import read_json, write_json
from travel_perks.publishing.table_files import write_parquet
from travel_perks.recommending.cohort import describe_cohort
from travel_perks.recommending.features import features, latest_day
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database
from travel_perks.tables import TABLES

with job(snakemake) as fields:
    connection = open_database(snakemake)
    tables = {name: connection.read_parquet(str(snakemake.input[name])) for name in TABLES}
    rule = {
        "start_date": date.fromisoformat(snakemake.params.start_date),
        "min_sessions": snakemake.params.min_sessions,
    }
    latest = latest_day(read_json(snakemake.input.facts)["profile"])
    users = features(connection, tables, **rule, latest_day=latest)
    write_parquet(users, snakemake.output.features)
    cohort = describe_cohort(
        connection,
        users=tables["users"],
        sessions=tables["sessions"],
        features=connection.read_parquet(snakemake.output.features),
        **rule,
    )
    write_json(snakemake.output.cohort, cohort)
    fields.update(rows_in=cohort["users_in_source"], rows_out=cohort["users_in_cohort"])
