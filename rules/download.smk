# in:  the four sources, by URL or path
# out: bronze, the inputs as received


rule download:
    """Fetch one source into the store and link it into the run."""
    output:
        csv=layout.bronze("{table}.csv"),
        receipt=layout.bronze("{table}.json"),
    log:
        layout.job_log("download_{table}"),
    benchmark:
        layout.benchmark("download_{table}")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=70,
    params:
        source=lambda wildcards: run.result(f"{wildcards.table}_url"),
        code=run.code("download"),
    script:
        "../scripts/download.py"
