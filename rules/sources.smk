# in:  the facts of the cleaned tables
# out: the findings of the ingest profile, and the gate behind it


rule check_sources:
    """Hold the profile of each source against its expectations."""
    input:
        facts=expand(
            layout.silver("{table}.json"), table=list(TABLES), allow_missing=True
        ),
        expectations=run.file("source_expectations_file"),
    output:
        findings=layout.checks("sources"),
    log:
        layout.job_log("check_sources"),
    benchmark:
        layout.benchmark("check_sources")
    conda:
        "../envs/checks.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        **run.result("max_reject_share", "source_expectations_file"),
        code=run.code("check_sources"),
    script:
        "../scripts/check_sources.py"


rule gate_sources:
    """Let only sound sources through."""
    input:
        findings=layout.checks("sources"),
    output:
        passed=layout.gate("sources"),
    log:
        layout.job_log("gate_sources"),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=run.code("gate_sources"),
    script:
        "../scripts/gate_sources.py"
