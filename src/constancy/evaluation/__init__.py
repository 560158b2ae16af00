"""Evaluation: scores, figures, report."""
