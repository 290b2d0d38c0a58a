"""As whom a server runs, and that it ends with the process that started it.

PostgreSQL refuses to run as root, and a user without an entry among the system's users cannot make a new database.
Both are solved on Linux without creating a user: the server is put into a user namespace in which it has another
number, or, where namespaces are forbidden, it gives up being root but keeps the right to reach its folder.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Unavailable

_NEW_USER_NAMESPACE = 0x10000000
_SET_PARENT_DEATH_SIGNAL = 1
_KEEP_CAPABILITIES = 8
_AMBIENT, _AMBIENT_RAISE = 47, 2
_DAC_OVERRIDE = 1
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """How a server is started: what to do in the new process, and who must own its files."""

    enter: Callable[[], None]
    owner: int
    group: int

    def prepare(self, dying: signal.Signals) -> Callable[[], None]:
        """What a new process must do before it becomes the server: take this identity, and end with its parent."""
        parent = os.getpid()

        def before_exec() -> None:
            self.enter()
            die_with_parent(dying, parent)

        return before_exec

    def own(self, folder: Path) -> None:
        """Make this identity the owner of a folder and all that is in it."""
        if folder.stat().st_uid == self.owner:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, self.group, follow_symlinks=False)


def die_with_parent(dying: signal.Signals, parent: int) -> None:
    """Have the kernel send this process a signal when its parent ends, however that happens (Linux only)."""
    if sys.platform != "linux":
        return
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(dying), 0, 0, 0)
    if os.getppid() not in (parent, 0):  # it ended before the kernel knew
        os._exit(1)


def choose_identity(program: Path) -> Identity:
    """The first way in which this PostgreSQL program can run for this user.

    :raises Unavailable: when there is none, saying what to do
    """
    for identity in list_identities():
        if _runs(program, identity):
            return identity
    if os.geteuid() == 0:
        raise Unavailable(
            "PostgreSQL does not run as root, and this machine allows neither user namespaces nor another user. "
            "Run 4CAT as an ordinary user, or set DATABASE_URL to a server of your own."
        )
    raise Unavailable(
        f"The user with number {os.geteuid()} has no entry in /etc/passwd, and this machine allows no user namespaces. "
        "Add the entry, or set DATABASE_URL to a server of your own."
    )


def list_identities() -> list[Identity]:
    """The ways in which a PostgreSQL could run for this user, the best first; not all may be allowed here."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        if _has_name(uid):
            return [Identity(lambda: None, uid, gid)]
        named = next((user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0), None)
        return [] if named is None else [Identity(lambda: _enter_namespace(uid, gid, named), uid, gid)]
    other = _other_user()
    return [
        Identity(lambda: _enter_namespace(0, 0, other.pw_uid), 0, 0),
        Identity(lambda: become(other.pw_uid, other.pw_gid), other.pw_uid, other.pw_gid),
    ]


def _other_user() -> pwd.struct_passwd:
    """The user that a server of root's runs as."""
    users = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    found = users.get("postgres") or users.get("nobody") or next(iter(users.values()), None)
    if found is None:
        raise Unavailable("PostgreSQL does not run as root, and this machine has no other user. Set DATABASE_URL.")
    return found


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _runs(program: Path, identity: Identity) -> bool:
    before = identity.prepare(signal.SIGKILL)
    try:
        found = subprocess.run([program, "--version"], preexec_fn=before, capture_output=True, check=False)
    except (subprocess.SubprocessError, OSError):
        return False
    return found.returncode == 0


def _enter_namespace(uid: int, gid: int, as_user: int) -> None:
    """Be `as_user` in a user namespace of one's own, and oneself to everybody else."""
    if _libc.unshare(_NEW_USER_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{as_user} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{as_user} {gid} 1")


def become(uid: int, gid: int) -> None:
    """Make this process another user's, who can still reach each folder that root can, where that may be kept."""
    _libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    kept = 1 << _DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0))
    _libc.prctl(_AMBIENT, _AMBIENT_RAISE, _DAC_OVERRIDE, 0, 0)
