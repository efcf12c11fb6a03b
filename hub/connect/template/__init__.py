"""What `regiehub connector new` copies: a whole package of a vendor, named acme. It is checked and tested as it is."""
