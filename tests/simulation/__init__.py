"""The simulation: phones, people, a bad network and a failing server, step by step, against the real server code.

After each step the promises of the design are checked against a model that only remembers what people saved and what
the server acknowledged (`ledger`, `promises`). Now and then, and after each run, everything comes to rest, and then
everything must be there and in its place (`rest`).

    make simulate                      100,000 steps on each database; SEED=… repeats a run, ONLY=… takes one database
    make mutants                       plants known faults, each of which must be found
    pytest tests/simulation            2,000 steps on each database; HOLDFAST_SEED=… repeats a run

Whatever is decided by chance is drawn from the seed. A failure is told with the shortest way to it that was found, and
with the seed that finds it again.
"""
