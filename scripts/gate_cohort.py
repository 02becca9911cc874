"""Stop the run when nobody is in the cohort."""

from travel_perks.files import read_json, write_json
from travel_perks.recommending.cohort import require_cohort
from travel_perks.running.job import job

with job(snakemake):
    cohort = read_json(snakemake.input.cohort)
    require_cohort(cohort)
    write_json(snakemake.output.passed, {"users": cohort["users_in_cohort"]})
