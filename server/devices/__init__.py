"""Devices: enrolled keys, and delivery on the strength of a device's signature alone."""
