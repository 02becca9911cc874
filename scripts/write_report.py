"""Set the report that marketing reads."""

from pathlib import Path

from travel_perks.files import read_json
from travel_perks.publishing.findings import Findings
from travel_perks.publishing.report_file import write_report
from travel_perks.recommending.perks import load_perks
from travel_perks.running.job import job
from travel_perks.running.job_database import open_database

with job(snakemake) as fields:
    gold = open_database(snakemake).read_parquet(snakemake.input.gold)
    findings = Findings(
        tables=[read_json(facts)["counts"] for facts in snakemake.input.facts],
        receipts=[read_json(receipt) for receipt in snakemake.input.receipts],
        checks=[found for file in snakemake.input.findings for found in read_json(file)],
        cohort=read_json(snakemake.input.cohort),
    )
    write_report(
        gold,
        findings,
        perks=load_perks(Path(snakemake.input.perks).read_text("utf-8")),
        settings=snakemake.params.settings,
        path=snakemake.output.pdf,
    )
    fields["rows_in"] = gold.shape[0]
