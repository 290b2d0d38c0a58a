"""From one form into another."""
