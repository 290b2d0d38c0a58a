"""Sphinx, a search server beside the database: its configuration, what its indexes hold, and how it is asked.

A source has two indexes: `main`, which is made rarely, and `delta` with what was stored since, made every few minutes.
Sphinx narrows a search down to candidates, and the database decides; so an index may lag behind, and nothing is wrong.
What an index holds is told by a mark in it, the number of its build, which the table `imageboard_indexes` explains.
"""
