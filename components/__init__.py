"""Pieces of screen: they know Panel and View, and no page."""
