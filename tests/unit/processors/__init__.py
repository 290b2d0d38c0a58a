"""Tests of processors beyond their examples."""
