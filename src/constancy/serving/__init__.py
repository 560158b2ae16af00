"""The model at work: preprocessing, prediction, and the MLflow model."""
