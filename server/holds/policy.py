"""What a department sets about holds."""

from collections.abc import Mapping

from sync.holds import HoldPolicy

# 90 days until destruction (50 ILCS 706/10-20); 2 minutes before and 10 after an open window.
POLICY = HoldPolicy()

# Kind of camera → adapter; `*` where the officer did not say. The department's evidence system holds only the
# department's cameras, so a federal, other agency's or private camera has no entry: its hold stays visibly
# undelivered instead of looking safe in a system that never had the footage.
ROUTES: Mapping[str, str] = {"bwc": "webhook", "in_car": "webhook", "pod": "webhook", "*": "webhook"}
