"""Who looks, and what they may do."""
