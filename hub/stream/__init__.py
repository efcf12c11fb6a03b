"""The stream processor: three stages on a batch lane in Faust's consumer. All thinking is in hub.household."""
