"""The console of operations: the whole flow with its states, each source and what can be asked of it, dead letters.

No personal data: what it shows are records' numbers, positions, counts and moments.
"""
