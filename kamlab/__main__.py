"""Let `python -m kamlab` do what the command `kamlab` does."""

import sys

from kamlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
