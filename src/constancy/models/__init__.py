"""The networks, and a model on disk."""
