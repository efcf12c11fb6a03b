"""All rules of the hub, pure: no IO, no clock, no framework, no logging. Imports only hub.events."""
