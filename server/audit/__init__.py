"""Audit: one event for each change, in a chain that shows tampering."""
