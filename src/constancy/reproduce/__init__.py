"""Training a registered version once more, from its commit, and comparing what comes out."""
