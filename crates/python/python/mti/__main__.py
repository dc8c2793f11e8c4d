"""`python -m mti`: the command `mti`, with Python."""

import signal
import sys

from . import _mti


def main() -> None:
    # What the command does about Ctrl-C, it does itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_mti.run(["mti", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
