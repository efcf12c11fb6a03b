"""What stands in each block of a household's page, read out of its document. Pure: words and markup stand elsewhere."""
