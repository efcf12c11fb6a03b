"""What a vendor imports to connect a source: the connector's interface, its values and its errors.

The names in `__all__` are the stable surface. This module imports nothing that publishes, stores or keys.
"""

from hub.connect.api import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord
from hub.errors import RejectReason, SourceRejected, SourceUnavailable, TranslationError

__all__ = [
    "Batch",
    "Connector",
    "ConnectorConfig",
    "Cursor",
    "InventoryItem",
    "RawRecord",
    "RejectReason",
    "SourceRejected",
    "SourceUnavailable",
    "TranslationError",
]
