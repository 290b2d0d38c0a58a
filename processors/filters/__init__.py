"""Filters: the same items, fewer of them."""
