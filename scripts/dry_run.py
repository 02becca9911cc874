"""Try every stage and every check in memory, and write nothing."""

from travel_perks.job import job
from travel_perks.rehearse import rehearse
from travel_perks.settings import Settings

with job(snakemake):
    rehearse(Settings(**snakemake.config))
