"""What went wrong, said so that the user can mend it, with the exit code of the command line."""


class KamlabError(Exception):
    """Anything that kamlab can explain; the message is for people, not for programmers."""

    exit_code = 1


class StudyFailedError(KamlabError):
    """A study stopped before its page was whole; nothing was published."""

    exit_code = 1


class UsageError(KamlabError):
    """A command, a parameter or a setting is wrong; the message names the nearest right one."""

    exit_code = 2


class DataRefusedError(KamlabError):
    """The data cannot be read or trusted; the message names file, row, column and the remedy."""

    exit_code = 3


class LockHeldError(KamlabError):
    """Another run publishes into the same folder just now."""

    exit_code = 75
