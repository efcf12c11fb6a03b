"""Connectors to source systems, each a package of its own. See README.md: what a connector is made of."""
