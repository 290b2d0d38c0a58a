"""Words: splitting, counting and ranking them."""
