"""Set the report that marketing reads."""

from pathlib import Path

import pandas as pd

from travel_perks.files import PRIVATE_FILE, read_json, whole
from travel_perks.job import job
from travel_perks.perks import load_perks
from travel_perks.report import build_report
from travel_perks.report_facts import gather_facts

with job(snakemake) as fields:
    gold = pd.read_parquet(snakemake.input.gold)
    facts = gather_facts(
        gold,
        perks=load_perks(Path(snakemake.input.perks).read_text("utf-8")),
        tables=[read_json(facts)["counts"] for facts in snakemake.input.facts],
        receipts=[read_json(receipt) for receipt in snakemake.input.receipts],
        findings=[found for file in snakemake.input.findings for found in read_json(file)],
        settings=snakemake.params.settings,
        cohort=read_json(snakemake.input.cohort),
    )
    with whole(snakemake.output.pdf, mode=PRIVATE_FILE) as partial:
        partial.write_bytes(build_report(facts))
    fields["rows_in"] = len(gold)
