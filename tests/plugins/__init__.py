"""Plug-ins that only tests load: slow ones, broken ones, ones that die."""
