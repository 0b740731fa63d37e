"""Who asks, what they may do, and what a browser may do with a page."""
