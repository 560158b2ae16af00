"""Images from production against those that the model was trained on: what has drifted, and what of it."""
