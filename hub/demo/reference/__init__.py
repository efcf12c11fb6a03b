"""The reference: the same households, computed in one go by other code, from the sources' own records.

It is what the read model is compared with, so it shares nothing with it: standard library and stdnum only,
never hub.household, hub.stream, hub.events or a connector. It is a program, too:
`python -m hub.demo.reference --help`.
"""

from hub.demo.reference.report import Answer, answer

__all__ = ["Answer", "answer"]
