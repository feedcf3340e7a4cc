"""The subcommands of the pipeline: options in, one call, rows out."""
