"""Join features, cluster, perk and reasons."""

from travel_perks.publishing.table_files import write_parquet
from travel_perks.recommending.gold import gold
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database

with job(snakemake) as fields:
    connection = open_database(snakemake)
    features = connection.read_parquet(snakemake.input.features)
    table = gold(features, connection.read_parquet(snakemake.input.scored))
    write_parquet(table, snakemake.output.gold)
    rows = connection.read_parquet(snakemake.output.gold).shape[0]
    fields.update(rows_in=features.shape[0], rows_out=rows)
