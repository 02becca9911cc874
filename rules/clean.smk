# in:  bronze
# out: silver, the typed tables, with rejects and facts


def known(wildcards):
    """Name the cleaned table that the rows of this one must refer to."""
    table = REFERS_TO.get(wildcards.table)
    return layout.silver(f"{table}.parquet") if table else []


rule clean:
    """Type and sort out the rows of one source."""
    input:
        csv=layout.bronze("{table}.csv"),
        receipt=layout.bronze("{table}.json"),
        known=known,
    output:
        kept=layout.silver("{table}.parquet"),
        rejects=layout.silver("rejects_{table}.csv"),
        facts=layout.silver("{table}.json"),
    log:
        layout.job_log("clean_{table}"),
    benchmark:
        layout.benchmark("clean_{table}")
    conda:
        "../envs/tables.yaml"
    threads: run.settings.cores
    resources:
        mem_mb=run.memory_mb,
        runtime=60,
    params:
        code=run.code("clean"),
    script:
        "../scripts/clean.py"
