"""Whether two records may be one person, when there is no BSN that says so. Pure: no SQL, no clock, no desk.

The machine links nobody by a score: it ranks what a human sees, and says in words what speaks for it and against.
"""
