"""Run the measurements: `python -m bench [NAME ...]`; without names, all of them."""

import argparse

from bench import first_load, push
from bench.report import Figure, table, write

MEASUREMENTS = {
    "push_ops_per_s_postgresql": push.on_postgresql,
    "push_ops_per_s_sqlite": push.on_sqlite,
    "first_load_officer_kb_gzip": first_load.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}")
    names = parser.parse_args().names or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]}; choose from {', '.join(MEASUREMENTS)}")
    figures: list[Figure] = []
    for name in names:
        print(f"measuring {name} …", flush=True)
        figures += MEASUREMENTS[name]()
    print(table(figures))
    write(figures)


if __name__ == "__main__":
    main()
