"""Write the gold CSV."""

from travel_perks.database import connect
from travel_perks.files import PRIVATE_FILE
from travel_perks.job import job
from travel_perks.table_files import write_csv

with job(snakemake) as fields:
    connection = connect(memory_limit=snakemake.config["memory_limit"])
    gold = connection.read_parquet(snakemake.input.gold)
    write_csv(gold.order("user_id"), snakemake.output.csv, mode=PRIVATE_FILE)
    fields["rows_out"] = gold.shape[0]
