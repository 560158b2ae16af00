"""Constancy: train image classifiers that stay right when the world changes, and prove it."""
