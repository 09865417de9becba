"""The soak: everything runs under mixed load and random faults; then every guarantee is checked by SQL."""

from benchmarks.soak.run import run

__all__ = ["run"]
