"""What the tool speaks of: dataclasses and errors, on the standard library only."""
