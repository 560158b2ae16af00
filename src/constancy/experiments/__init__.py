"""Experiments that teach something about networks; the pipeline runs without them."""
