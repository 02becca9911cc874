"""Fit priors, scales and clusters on the cohort."""

from pathlib import Path

import pandas as pd

from travel_perks.files import whole
from travel_perks.recommending.model import fit
from travel_perks.recommending.perks import load_perks
from travel_perks.running.job import job

with job(snakemake) as fields:
    users = pd.read_parquet(snakemake.input.features)
    model = fit(
        users,
        load_perks(Path(snakemake.input.perks).read_text("utf-8")),
        clusters=snakemake.params.clusters,
        seed=snakemake.params.seed,
    )
    with whole(snakemake.output.model) as partial:
        partial.write_text(model.to_json(), "utf-8")
    fields["rows_in"] = len(users)
