"""Text in files: the one YAML loader, the one YAML writer, and saving that never leaves half a file."""
