"""Advice: what each importer will do with an archive, and the command that works.

Behaviour by version is data (``tables/``); pure functions of the image graph read it.
"""
