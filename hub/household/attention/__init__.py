"""What asks for attention in a household: one file per subject, all of it pure."""
