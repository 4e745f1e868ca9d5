"""The study on a Ray cluster: who runs what, where, with which code, and what comes back.

DVC stays the build system and the record: a task runs stages by DVC in a clone of its own on a
node, and hands back what DVC noted of them (`accounts`).
"""
