"""Connector to Acme. Format of its feed: README.md."""
