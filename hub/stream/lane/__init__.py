"""The batch lane: records from Faust's consumer to the stages in lists, effects in the order of protocol.md R4.

`driver` is the only file that knows Faust, `partition` the only one that knows the protocol, and none knows
households.
Why it is built this way: hub/docs/adr/0001-why-faust.md.
"""
