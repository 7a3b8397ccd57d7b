"""Draw what the rooms return: figures with alt text and report tables."""
