"""Tracking, the gate, and promotion in the model registry."""
