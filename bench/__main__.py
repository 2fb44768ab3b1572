"""Run the measurements: `python -m bench [--only NAME]`; without a name, all of them."""

import argparse

from bench import first_load, growth, one_field, pull, push, shares, storm
from bench.report import Figure, table, write

MEASUREMENTS = {
    "push_ops_per_s_postgresql": push.on_postgresql,
    "push_ops_per_s_sqlite": push.on_sqlite,
    "push_shares": shares.measure,
    "pull_5000_reports_s": pull.measure,
    "push_growth_ratio_1m": growth.measure,
    "wire_bytes_one_field": one_field.measure,
    "reconnect_storm_drain_s": storm.measure,
    "first_load_officer_kb_gzip": first_load.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=MEASUREMENTS, metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}")
    only = parser.parse_args().only
    figures: list[Figure] = []
    for name in [only] if only else MEASUREMENTS:
        print(f"measuring {name} …", flush=True)
        figures += MEASUREMENTS[name]()
    print(table(figures))
    write(figures)


if __name__ == "__main__":
    main()
