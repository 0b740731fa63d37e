"""The container's side of the handover: takes the descriptors that wait for the launcher, and becomes it."""

# pathlib would make every start slower.

from __future__ import annotations

import os
import socket

from . import launcher

_MOST = 4


def main(path: str) -> None:
    # Never closed: its end tells the other side, without Docker, that this process has ended.
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    said, descriptors, _flags, _address = socket.recv_fds(connection, 1, _MOST)
    if not said:
        return  # nobody wants it any more
    control, program, output, *inbound = descriptors
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    launcher.main(control, program, inbound[0] if inbound else -1)
