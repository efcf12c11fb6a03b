"""The demo: a synthetic town, a throw-away broker, and the reference that the read model is compared with."""
