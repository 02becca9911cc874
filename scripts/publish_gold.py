"""Write the gold CSV."""

from travel_perks.files import PRIVATE_FILE
from travel_perks.job import job, open_database
from travel_perks.table_files import write_csv

with job(snakemake) as fields:
    connection = open_database(snakemake)
    gold = connection.read_parquet(snakemake.input.gold)
    write_csv(gold.order("user_id"), snakemake.output.csv, mode=PRIVATE_FILE)
    fields["rows_out"] = gold.shape[0]
