"""Write the gold CSV."""

from travel_perks.publishing.artefacts import write_gold
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database

with job(snakemake) as fields:
    gold = open_database(snakemake).read_parquet(snakemake.input.gold)
    write_gold(gold, snakemake.output.csv)
    fields["rows_out"] = gold.shape[0]
