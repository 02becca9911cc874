"""Write the perk of each user."""

from travel_perks.database import connect
from travel_perks.files import PRIVATE_FILE
from travel_perks.gold import perks_of
from travel_perks.job import job
from travel_perks.table_files import write_csv

with job(snakemake) as fields:
    connection = connect(memory_limit=snakemake.config["memory_limit"])
    perks = perks_of(connection.read_csv(snakemake.input.gold))
    write_csv(perks, snakemake.output.csv, mode=PRIVATE_FILE)
    fields["rows_out"] = perks.shape[0]
