"""The Flask application: one folder a feature, each with only the files that it needs."""
