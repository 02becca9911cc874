"""Travel Perks: one perk for each active customer, from four CSVs to gold, perks and report.

    snakemake --config run_id=20251021

Rules say what is made from what; scripts move files; the package travel_perks thinks.
"""

import re

from snakemake.utils import min_version

from travel_perks.tables import TABLES, refers_to
from travel_perks.running.workflow import open_run

min_version("9.27")


configfile: f"{workflow.basedir}/config/config.yaml"


# Checks the settings, the seal and the lock, before Snakemake can remove a file.
run = open_run(workflow, config)
layout = run.layout


wildcard_constraints:
    # This run's id alone: no rule can write a file of another run.
    run_id=re.escape(run.settings.run_id),
    table="|".join(TABLES),


# A sealed run has no rules, so that nothing can be forced to remake, or remove, its files.
if not run.closed:

    include: "rules/download.smk"
    include: "rules/clean.smk"
    include: "rules/sources.smk"
    include: "rules/features.smk"
    include: "rules/model.smk"
    include: "rules/gold.smk"
    include: "rules/publish.smk"
    include: "rules/dry_run.smk"

    localrules:
        download,
        gate_sources,
        gate_cohort,
        gate_gold,
        seal,


localrules:
    all,


rule all:
    default_target: True
    input:
        expand(run.targets, run_id=run.settings.run_id),
