"""Fetch one source into the store and link it into the run."""

from pathlib import Path

from travel_perks.fetching.bronze import bring, link
from travel_perks.fetching.store_lock import fetching
from travel_perks.files import write_json
from travel_perks.layout import Layout
from travel_perks.running.job import job
from travel_perks.settings import Settings
from travel_perks.tables import TABLES

with job(snakemake) as fields:
    table = TABLES[snakemake.wildcards.table]
    layout = Layout.of(Settings(**snakemake.config))
    latest = Path(layout.latest_receipt(table.name))
    with fetching(Path(layout.store_lock)):
        receipt = bring(table, layout, snakemake.config, previous=latest)
        link(layout, receipt, Path(snakemake.output.csv), Path(snakemake.output.receipt))
        write_json(latest, receipt.to_json())
    fields["bytes"] = receipt.bytes
