"""Files in: upload, map, try without a trace, then a job that calls the same bulk service."""
