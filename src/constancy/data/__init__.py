"""Sources, archives, the image table, preparation, and packed splits."""
