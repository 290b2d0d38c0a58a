"""Programs beside the tool: each is started by hand, by a test or by another program."""
