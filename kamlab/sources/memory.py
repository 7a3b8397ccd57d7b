"""How is memory that tables no longer take used again, and how does it come back?"""

import ctypes
from contextlib import suppress

import pyarrow as pa

# the C library's names: most blocks with a map of their own, and what stays free at the top
_MAPPED, _TOP = -4, -1
_SPARE = 1 << 29


class _Held(ctypes.Structure):
    """What glibc tells of its memory, in bytes."""

    _names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks")
    _fields_ = tuple((name, ctypes.c_size_t) for name in (*_names, "fordblks", "keepcost"))


def use_again() -> None:
    """Have the C library use the memory of large blocks again once they are free.

    As it comes, glibc gives every block of more than 32 MB a map of its own, and the system clears
    each page of it anew: to multiply a column of 18 million rows takes five times as long as into
    one that is there. Other C libraries are left as they are.
    """
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MAPPED, 0)
        library.mallopt(_TOP, _SPARE)


def give_back(spare: int = _SPARE) -> None:
    """Give back what Arrow holds for tables that are gone, and what the C library has to spare.

    Free blocks between others count too, which it would keep until they are used again.

    Parameters
    ----------
    spare : int, default 512 MB
        Bytes that it may hold for what comes next; where it holds more, all goes back.
    """
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallinfo2.restype = _Held
        if library.mallinfo2().fordblks > spare:
            library.malloc_trim(0)
