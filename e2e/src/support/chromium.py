#!/usr/bin/env python3
"""Runs the Chromium of PIPECAT_CLOUD_TEST_CHROMIUM with the given arguments, unaware of what happens to the machine's networks.

It breaks off what it is connecting to, with ERR_NETWORK_CHANGED, whenever an address comes or goes on any interface, as with each
container that other tests start meanwhile, and has no switch for that. Without netlink (a filter refuses the socket to it and to
whatever it starts) it takes the network for one that never changes.
"""
import ctypes
import os
import platform
import struct
import sys

# Of linux/audit.h, with the number of socket(2) there.
ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
AF_NETLINK = 16
EAFNOSUPPORT = 97
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# Offsets in struct seccomp_data.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def refuse_netlink(architecture, socket):
    instructions = [
        (LOAD_WORD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 5, architecture),
        (LOAD_WORD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, socket),
        (LOAD_WORD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    for order in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Filter(len(instructions), code)), 0, 0),
    ):
        if libc.prctl(*order) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


known = ARCHITECTURES.get(platform.machine())
if known:
    refuse_netlink(*known)
program = os.environ["PIPECAT_CLOUD_TEST_CHROMIUM"]
os.execv(program, [program, *sys.argv[1:]])
