"""The static site: pages, sections, charts, text, templates, styles and scripts.

A page module turns results (`study`) into plain values; a template only lays them out. Everything
is drawn when the report is built, so that pages work from `file://`, on paper and without scripts.
"""
