"""The seven factors, training copies under them, and frozen suites."""
