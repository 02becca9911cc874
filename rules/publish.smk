# in:  the gold table behind its gate
# out: the artefacts: gold CSV, perks CSV, report, and the manifest that seals them


rule publish_gold:
    """Write the gold CSV."""
    input:
        passed=layout.gate("gold"),
        gold=layout.silver("gold.parquet"),
    output:
        csv=layout.gold,
    log:
        layout.job_log("publish_gold"),
    benchmark:
        layout.benchmark("publish_gold")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=30,
    params:
        code=run.code("publish_gold"),
    script:
        "../scripts/publish_gold.py"


rule publish_perks:
    """Write the perk of each user."""
    input:
        passed=layout.gate("gold"),
        gold=layout.gold,
    output:
        csv=layout.perks,
    log:
        layout.job_log("publish_perks"),
    benchmark:
        layout.benchmark("publish_perks")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=run.code("publish_perks"),
    script:
        "../scripts/publish_perks.py"


rule write_report:
    """Set the report that marketing reads."""
    input:
        passed=layout.gate("gold"),
        gold=layout.silver("gold.parquet"),
        cohort=layout.silver("cohort.json"),
        facts=expand(
            layout.silver("{table}.json"), table=list(TABLES), allow_missing=True
        ),
        receipts=expand(
            layout.bronze("{table}.json"), table=list(TABLES), allow_missing=True
        ),
        findings=[layout.checks("sources"), layout.checks("gold")],
        perks=run.file("perks_file"),
    output:
        pdf=layout.report,
    log:
        layout.job_log("write_report"),
    benchmark:
        layout.benchmark("write_report")
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=30,
    params:
        settings=run.published_settings,
        code=run.code("write_report"),
    script:
        "../scripts/write_report.py"


rule seal:
    """Close the run: hashes of all that went in and came out."""
    input:
        gold=layout.gold,
        perks=layout.perks,
        report=layout.report,
        cohort=layout.silver("cohort.json"),
        facts=expand(
            layout.silver("{table}.json"), table=list(TABLES), allow_missing=True
        ),
        receipts=expand(
            layout.bronze("{table}.json"), table=list(TABLES), allow_missing=True
        ),
    output:
        manifest=layout.manifest,
    log:
        layout.job_log("seal"),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=run.code("seal"),
    script:
        "../scripts/seal.py"
