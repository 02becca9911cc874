# in:  features
# out: the model of the cohort, and what it says of each user


rule fit_model:
    """Fit priors, scales and clusters on the cohort."""
    input:
        passed=layout.gate("cohort"),
        features=layout.silver("features.parquet"),
        perks=run.file("perks_file"),
    output:
        model=layout.silver("model.json"),
    log:
        layout.job_log("fit_model"),
    benchmark:
        layout.benchmark("fit_model")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=60,
    params:
        **run.result("clusters", "seed", "perks_file"),
        code=run.code("fit_model"),
    script:
        "../scripts/fit_model.py"


rule score_users:
    """Give each user affinities, a cluster, a perk and the reason for it."""
    input:
        features=layout.silver("features.parquet"),
        model=layout.silver("model.json"),
        perks=run.file("perks_file"),
    output:
        scored=layout.silver("scored.parquet"),
    log:
        layout.job_log("score_users"),
    benchmark:
        layout.benchmark("score_users")
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=run.memory_mb,
        runtime=60,
    params:
        **run.result("perks_file"),
        code=run.code("score_users"),
    script:
        "../scripts/score_users.py"
