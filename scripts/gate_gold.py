"""Stop the run when a check of the gold table failed."""

from travel_perks.expectations import CheckResult, require
from travel_perks.files import read_json, write_json
from travel_perks.job import job

with job(snakemake):
    findings = read_json(snakemake.input.findings)
    require([CheckResult(**finding) for finding in findings])
    write_json(snakemake.output.passed, {"checks": len(findings)})
