"""Dumps of 4chan's archives as posts of the data source `fourchan`, and the posts as files again."""
