"""The commands, one file each. click lives here and nowhere else; nothing is decided here."""
