"""Benchmarks: what the hub does, measured beside others in one run. Not part of what is installed."""
