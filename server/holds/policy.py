"""Which custodian keeps the footage of which camera."""

from collections.abc import Mapping

# Kind of camera → adapter; `*` where the officer did not say. The department's evidence system holds only the
# department's cameras, so a federal, other agency's or private camera has no entry: its hold stays visibly
# undelivered instead of looking safe in a system that never had the footage.
ROUTES: Mapping[str, str] = {"bwc": "webhook", "in_car": "webhook", "pod": "webhook", "*": "webhook"}
