"""`constancy serve`: MLflow's scoring server on a model of the registry, which follows its alias."""
