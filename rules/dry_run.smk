# in:  the four sources
# out: nothing but the log


rule dry_run:
    """Try every stage and every check in memory, and write nothing."""
    log:
        layout.job_log("dry_run").format(run_id=run.settings.run_id),
    conda:
        "../envs/all.yaml"
    threads: run.settings.cores
    resources:
        mem_mb=run.memory_mb,
        runtime=120,
    params:
        code=run.code("dry_run"),
    script:
        "../scripts/dry_run.py"
