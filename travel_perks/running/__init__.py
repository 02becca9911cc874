"""Start, follow and log a run, under the command or plain Snakemake."""
