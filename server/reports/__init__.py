"""Reading reports: one report, and its history op by op."""
