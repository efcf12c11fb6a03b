"""Connector to Open Zaak, told by Open Notificaties. What it assumes: README.md."""
