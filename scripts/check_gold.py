"""Hold the gold table against its expectations."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from travel_perks.checking.gates import check_gold
from travel_perks.files import read_json, write_json
from travel_perks.recommending.perks import load_perks
from travel_perks.running.job import job

with job(snakemake) as fields:
    findings = check_gold(
        pd.read_parquet(snakemake.input.gold),
        expectations=Path(snakemake.input.expectations).read_text("utf-8"),
        perks=load_perks(Path(snakemake.input.perks).read_text("utf-8")),
        users_in_cohort=read_json(snakemake.input.cohort)["users_in_cohort"],
    )
    write_json(snakemake.output.findings, [asdict(finding) for finding in findings])
    fields["checks"] = len(findings)
