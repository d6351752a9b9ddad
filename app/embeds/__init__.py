"""Embeds: a chart or a table of the board inside other people's pages.

`claims.py` is what an address says, signed; `ancestors.py` which pages may show it; `store.py` the
rows by which it is revoked; `answer.py` what it shows; `page.py` and `routes.py` how.
"""
