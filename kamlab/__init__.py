"""Find a distributor's key accounts and keep them.

The rooms of the package, in the order in which data walks through them: `sources`, `accounts`,
`segmentation`, `value`, `churn`, `retention`, `coverage`; then `charts` and `studies`, which draw
and publish what the rooms return. `simulation` makes a distributor whose truth is known.
"""

__version__ = "0.1.0.dev0"
