"""Running the hub: metrics, log lines, health. Knows no household."""
