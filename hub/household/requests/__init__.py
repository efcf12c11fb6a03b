"""What happened to a request for specialist help: one thread out of all that is recorded of it. Pure."""
