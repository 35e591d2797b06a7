"""The ``firegrid`` command: everything an administrator does, beside a running server or without one."""
