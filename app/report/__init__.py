"""The weekly report: what happened between two instants, as one plain value, and its renderings.

`make.py` asks the database, `value.py` is what comes out, `words.py` says it in English, and
`markdown.py`, `plain.py` and `mail.py` write it for other programs; the page is `pages/weekly.py`.
"""
