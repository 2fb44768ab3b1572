"""Measurements: medians of runs on this machine, in a table and in bench/report.json."""
