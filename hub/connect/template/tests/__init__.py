"""The tests of the package that `regiehub connector new` makes."""
