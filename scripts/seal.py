"""Close the run: hashes of all that went in and came out."""

from travel_perks.database import connect
from travel_perks.files import read_json, write_json
from travel_perks.layout import Layout
from travel_perks.recommending.gold import count_perks
from travel_perks.running.job import job
from travel_perks.sealing.manifest import compose
from travel_perks.settings import Settings

with job(snakemake) as fields:
    settings = Settings(**snakemake.config)
    layout = Layout.of(settings)
    manifest = compose(
        settings,
        layout,
        receipts=[read_json(receipt) for receipt in snakemake.input.receipts],
        tables=[read_json(facts)["counts"] for facts in snakemake.input.facts],
        cohort=read_json(snakemake.input.cohort),
        perks=count_perks(connect().read_csv(snakemake.input.perks)),
    )
    write_json(snakemake.output.manifest, manifest)
    if not settings.keep_intermediate:
        for path in layout.bulky:
            path.unlink(missing_ok=True)
    fields["artefacts"] = len(manifest["artefacts"])
