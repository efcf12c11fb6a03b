"""The list of households: what must happen in each, who must act, since when, until when.

Kept beside the documents, so that a list of 100,000 households need not be folded to be sorted: the projector writes a
line when a household changes (`writing`), and each line again when the day has changed, for what asks for attention
depends on the day. `case` is what a line says, pure; `query` finds lines.
"""
