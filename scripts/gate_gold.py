"""Stop the run when a check of the gold table failed."""

from travel_perks.checking.expectations import CheckResult, require
from travel_perks.files import read_json, write_json
from travel_perks.running.job import job

with job(snakemake):
    findings = read_json(snakemake.input.findings)
    require([CheckResult(**finding) for finding in findings])
    write_json(snakemake.output.passed, {"checks": len(findings)})
