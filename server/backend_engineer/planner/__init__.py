"""PostgreSQL's own planner, private and without data, that believes it holds production.

This package is the only one that knows PostgreSQL: its programs, its processes, its files and its
protocol.  `answers` is the way in.
"""
