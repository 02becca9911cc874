"""Write the perk of each user."""

from travel_perks.publishing.artefacts import write_perks
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database

with job(snakemake) as fields:
    gold = open_database(snakemake).read_csv(snakemake.input.gold)
    write_perks(gold, snakemake.output.csv)
    fields["rows_out"] = gold.shape[0]
