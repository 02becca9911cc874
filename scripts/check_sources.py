"""Hold the profile of each source against its expectations."""

from dataclasses import asdict
from pathlib import Path

from travel_perks.checking.gates import check_sources
from travel_perks.files import read_json, write_json
from travel_perks.running.job import job

with job(snakemake) as fields:
    findings = check_sources(
        profiles=[read_json(facts)["profile"] for facts in snakemake.input.facts],
        expectations=Path(snakemake.input.expectations).read_text("utf-8"),
        max_reject_share=snakemake.params.max_reject_share,
    )
    write_json(snakemake.output.findings, [asdict(finding) for finding in findings])
    fields["checks"] = len(findings)
