"""What a gateway makes of a request: one engine, and profiles that say how each implementation departs from the standard.

    Snapshot ─ listeners ─ attach ─ exclude ─ index ─► Table ─ match ─ backends ─ filters ─► Answer

Every stage reads the switches of one Profile (`profile.py`). A gateway that does something else gets one more value of a switch, and a
small function beside the others of its stage; never an engine of its own.
"""
