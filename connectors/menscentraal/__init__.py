"""Connector to MensCentraal, the registration of adult help: a SQL outbox. Format: README.md."""
