"""Measures the product beside its peers, soaks it in faults, and fills it with years of history."""
