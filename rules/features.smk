# in:  silver
# out: one row a user of the cohort, and the gate behind it


rule build_features:
    """Take the cohort and describe its behaviour."""
    input:
        passed=layout.gate("sources"),
        users=layout.silver("users.parquet"),
        sessions=layout.silver("sessions.parquet"),
        flights=layout.silver("flights.parquet"),
        hotels=layout.silver("hotels.parquet"),
        facts=layout.silver("sessions.json"),
    output:
        features=layout.silver("features.parquet"),
        cohort=layout.silver("cohort.json"),
    log:
        layout.job_log("build_features"),
    benchmark:
        layout.benchmark("build_features")
    conda:
        "../envs/tables.yaml"
    threads: run.settings.cores
    resources:
        mem_mb=run.memory_mb,
        runtime=60,
    params:
        **run.result("start_date", "min_sessions"),
        code=run.code("build_features"),
    script:
        "../scripts/build_features.py"


rule gate_cohort:
    """Stop when nobody is in the cohort."""
    input:
        cohort=layout.silver("cohort.json"),
    output:
        passed=layout.gate("cohort"),
    log:
        layout.job_log("gate_cohort"),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=run.code("gate_cohort"),
    script:
        "../scripts/gate_cohort.py"
