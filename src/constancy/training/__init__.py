"""Training: Lightning module, data module, callbacks, fit."""
