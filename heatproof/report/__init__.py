"""The static site: one file a page, the charts and pictures they share, templates and style.

A page module turns results (`study`) into plain values; a template only lays them out. Everything
is drawn at build time, so that the pages can be read from `file://`, on paper and without scripts.
"""
