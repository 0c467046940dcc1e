"""Measure how fast journeylib is beside hand-written SQL, polars, pandas and retentioneering, and how it grows.

`__main__` is the command; `runs` measures one thing in a process of its own; `worlds` makes what all are given;
`ours`, `by_hand`, `in_polars`, `in_pandas` and `in_retentioneering` answer the same questions; `pairs` holds our
measures against SQL that gives the same answer; `whole` measures what is ours alone; `page` and `charts` tell it.
"""
