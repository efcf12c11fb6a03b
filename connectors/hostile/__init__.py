"""A connector that is nasty on purpose, within the rules: for tests of the hub, not registered. See README.md."""
