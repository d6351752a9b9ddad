"""Charts as pictures: PNG and SVG, drawn by a Chromium outside the web processes.

A web process asks (`ask.image`), a worker of its own queue draws (`worker`), Redis hands over.
"""
