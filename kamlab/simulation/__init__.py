"""A flexible-packaging distributor whose truth is known."""
