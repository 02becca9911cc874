# in:  features and scores
# out: the gold table, not yet published, its findings, and the gate behind them


rule build_gold:
    """Join features, cluster, perk and reasons."""
    input:
        features=layout.silver("features.parquet"),
        scored=layout.silver("scored.parquet"),
    output:
        gold=layout.silver("gold.parquet"),
    log:
        layout.job_log("build_gold"),
    benchmark:
        layout.benchmark("build_gold")
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=30,
    params:
        code=run.code("build_gold"),
    script:
        "../scripts/build_gold.py"


rule check_gold:
    """Hold the gold table against its expectations."""
    input:
        gold=layout.silver("gold.parquet"),
        cohort=layout.silver("cohort.json"),
        perks=run.file("perks_file"),
        expectations=run.file("gold_expectations_file"),
    output:
        findings=layout.checks("gold"),
    log:
        layout.job_log("check_gold"),
    benchmark:
        layout.benchmark("check_gold")
    conda:
        "../envs/checks.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=60,
    params:
        **run.result("perks_file", "gold_expectations_file"),
        code=run.code("check_gold"),
    script:
        "../scripts/check_gold.py"


rule gate_gold:
    """Let only a sound gold table be published."""
    input:
        findings=layout.checks("gold"),
    output:
        passed=layout.gate("gold"),
    log:
        layout.job_log("gate_gold"),
    conda:
        "../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=run.code("gate_gold"),
    script:
        "../scripts/gate_gold.py"
