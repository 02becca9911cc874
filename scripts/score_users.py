"""Give each user affinities, a cluster, a perk and the reason for it."""

from pathlib import Path

import pandas as pd

from travel_perks.files import whole
from travel_perks.recommending.model import Model
from travel_perks.recommending.perks import load_perks
from travel_perks.recommending.score import score
from travel_perks.running.job import job

with job(snakemake) as fields:
    users = pd.read_parquet(snakemake.input.features)
    scored = score(
        users,
        Model.from_json(Path(snakemake.input.model).read_text("utf-8")),
        load_perks(Path(snakemake.input.perks).read_text("utf-8")),
    )
    with whole(snakemake.output.scored) as partial:
        scored.to_parquet(partial, index=False)
    fields.update(rows_in=len(users), rows_out=len(scored))
