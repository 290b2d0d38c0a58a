"""Standing tasks of the installation, one file each."""
