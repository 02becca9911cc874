"""Synthetic users and what they did, from a seed."""
