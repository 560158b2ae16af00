"""A model as one file for other runtimes, checked against the original before it is written."""
