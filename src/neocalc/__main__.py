"""`python -m neocalc` is the same as `neocalc`."""

import sys

from neocalc.cli import main

sys.exit(main())
