"""Connector to ZCD, the registration of youth help: a REST change feed. Format: README.md."""
