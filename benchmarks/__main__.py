"""bin/bench: measures, soaks, grows. Each writes its own section of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys

from benchmarks.stand import ground

PARTS = ("throughput", "reference", "celery", "apscheduler", "bursts", "lags", "statements", "idle", "firing")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    table = commands.add_parser("table", help="measure ours beside its peers (what runs without a command)")
    for each in (parser, table):
        each.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help="of: " + ", ".join(PARTS))
        each.add_argument("--rounds", type=int, default=3, metavar="N", help="measure each figure so many times (3)")
        each.add_argument("--quick", action="store_true", help="small numbers: to see whether it works")
        each.add_argument("--no-write", action="store_true", help="print only; leave docs/benchmarks.md alone")
    soak = commands.add_parser("soak", help="run everything under load and faults, then check every guarantee")
    soak.add_argument("--minutes", type=float, default=10, help="how long faults are made (10)")
    soak.add_argument("--seed", type=int, help="of the faults and the load, to repeat a run")
    soak.add_argument("--no-write", action="store_true", help="print only; leave docs/benchmarks.md alone")
    growth = commands.add_parser("growth", help="fill a database with years of history and measure its pages")
    growth.add_argument("--processes", type=int, default=100_000, help="how many, with five steps each (100,000)")
    growth.add_argument("--keep", action="store_true", help="keep the filled database, and use one that was kept")
    growth.add_argument("--only-fill", action="store_true", help="fill and keep it; measure another time")
    growth.add_argument("--no-write", action="store_true", help="print only; leave docs/benchmarks.md alone")
    workers = commands.add_parser("workers", help="let many workers' connections compete for processes")
    workers.add_argument("--connections", default="10,100,1000", metavar="N,…", help="how many (10,100,1000)")
    workers.add_argument("--no-write", action="store_true", help="print only; leave docs/scaling.md alone")
    options = parser.parse_args()
    with ground():
        if options.command == "soak":
            from benchmarks.soak import run

            return run(seconds=options.minutes * 60, seed=options.seed, write=not options.no_write)
        if options.command == "growth":
            from benchmarks.growth import grow

            keep = options.keep or options.only_fill
            return grow(options.processes, keep=keep, only_fill=options.only_fill, write=not options.no_write)
        if options.command == "workers":
            from benchmarks.workers import simulate

            return simulate([int(count) for count in options.connections.split(",")], write=not options.no_write)
        from benchmarks.comparison import compare

        return compare(options.only.split(","), rounds=options.rounds, quick=options.quick, write=not options.no_write)


if __name__ == "__main__":
    sys.exit(main())
