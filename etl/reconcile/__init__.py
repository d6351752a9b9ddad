"""Reconciliation: what a source counts beside what the board holds, and which records differ."""
