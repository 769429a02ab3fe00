"""Who runs the jobs of a batch: processes of this machine, or the workers of a Dask cluster."""
