"""The log of looks: who saw whose data, when and why. Append-only, each record chained to the one before it.

`record` says what stands in it, `chain` how records hang together, `log` writes it, `index` finds in it, `anchors`
keeps its head elsewhere, `verify` looks whether it is whole. It knows no web and no read model.
"""

from hub.desk.looks.log import LookLog, LooksTaken, LooksUnavailable, log_file
from hub.desk.looks.record import Look

__all__ = ["Look", "LookLog", "LooksTaken", "LooksUnavailable", "log_file"]
