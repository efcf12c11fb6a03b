"""Regiehub: one household view over two registrations."""
