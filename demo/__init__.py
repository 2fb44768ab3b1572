"""The demonstration: stand-in custodian, seed, and the command that starts everything."""
