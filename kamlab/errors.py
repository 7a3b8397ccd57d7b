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


def explained(error: BaseException) -> tuple[int, str]:
    """Give the exit code and the words for what went wrong.

    Parameters
    ----------
    error : BaseException
        Whatever came up.

    Returns
    -------
    tuple of int and str
        Words for a person, without a traceback.
    """
    if isinstance(error, KamlabError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return (error.args or (130,))[0], "Stopped."
    if isinstance(error, OSError) and error.strerror:
        return 1, f"{error.strerror}: {error.filename or ''}".rstrip(": ")
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # pathlib's, of ~name
        return 2, "A path begins with ~ and a name that is no user of this machine: write it out."
    message = f"Something unforeseen went wrong ({type(error).__name__}: {error}). "
    return 1, message + "Run it again with --debug and report what it shows."
