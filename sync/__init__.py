"""The rules of the sync layer: pure Python without input or output, clock or randomness of its own."""
