"""Write the perk of each user."""

from travel_perks.files import PRIVATE_FILE
from travel_perks.gold import perks_of
from travel_perks.job import job, open_database
from travel_perks.table_files import write_csv

with job(snakemake) as fields:
    connection = open_database(snakemake)
    perks = perks_of(connection.read_csv(snakemake.input.gold))
    write_csv(perks, snakemake.output.csv, mode=PRIVATE_FILE)
    fields["rows_out"] = perks.shape[0]
