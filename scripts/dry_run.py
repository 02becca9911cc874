"""Try every stage and every check in memory, and write nothing."""

from travel_perks.running.job import job
from travel_perks.running.rehearse import rehearse
from travel_perks.settings import Settings

with job(snakemake):
    rehearse(Settings(**snakemake.config))
