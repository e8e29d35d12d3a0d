"""`python -m neocalc` is the same as `neocalc`."""

import signal
import sys


def main() -> int:
    """Run a command in a process of its own; the exit status is returned."""
    if hasattr(signal, "pthread_sigmask"):  # they are heard as soon as somebody listens
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    from neocalc.files.supervised import supervised

    return supervised(_command)


def _command() -> int:
    from neocalc.cli import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
