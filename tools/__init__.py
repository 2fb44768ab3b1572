"""What developers run beside the product: real services for tests, checks, and the demo's surroundings."""
