"""Deliveries, batches, results: their rows, their accounts, their settling."""
