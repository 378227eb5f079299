"""Benchmarks. Every figure is a ratio against a peer or a physical limit measured in the same run."""
