"""The desk: read model, access decision, log of looks, API and pages. Imports no stream and no connector."""
