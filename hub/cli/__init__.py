"""The command `regiehub`: one small file per noun. The only room that prints, and the only one that imports the
demo."""
