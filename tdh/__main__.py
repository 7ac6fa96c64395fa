"""`python -m tdh` is the command `tdh`."""

import sys

from tdh.cli.main import main

sys.exit(main())
