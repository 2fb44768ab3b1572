"""Evidence: photos as they were taken, brought over bad networks without losing or changing a byte."""
