# in:  bronze
# out: silver, the typed tables, with rejects and facts


rule clean:
    """Type and sort out the rows of one source."""
    input:
        csv=layout.bronze("{table}.csv"),
        receipt=layout.bronze("{table}.json"),
        # What the rows must refer to: the table that was cleaned before this one.
        known=lambda wildcards: [
            layout.silver(f"{table}.parquet") for table in refers_to(wildcards.table)
        ],
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
