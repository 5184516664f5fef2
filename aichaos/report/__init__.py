"""What people and scripts read: text for a terminal, kubectl lines, JSON. Nothing is decided here."""
