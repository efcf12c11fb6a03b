"""Ingest, the hub's side of a connector: keys persons and addresses, publishes, waits for the acks, saves the cursor.

No connector and no vendor part imports it.
"""
