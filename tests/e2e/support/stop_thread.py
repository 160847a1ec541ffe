"""Stops one thread of a process, as a debugger does, until standard input ends: stop_thread.py TID

Prints `stopped` when it stands still. Ends with 77 if this user may not trace that process.
"""
import ctypes
import errno
import os
import sys

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        print(f"stop_thread: {os.strerror(error)}", file=sys.stderr)
        sys.exit(77 if error == errno.EPERM else 1)


thread = int(sys.argv[1])
ptrace(PTRACE_SEIZE, thread)
ptrace(PTRACE_INTERRUPT, thread)
os.waitpid(thread, WALL)
print("stopped", flush=True)
sys.stdin.read()
ptrace(PTRACE_DETACH, thread)
