"""How many backups a folder keeps: older ones go once a newer one is whole."""

import re
import time
from pathlib import Path

from app.backup import BackupError
from app.backup.manifest import SUFFIX, manifest_of

# As `backup` names files itself; what somebody named is kept until they remove it.
OURS = re.compile(r"caseboard-\d{8}T\d{6}Z\.dump")
PARTIAL = re.compile(r"\.caseboard-\d{8}T\d{6}Z\.dump(\.json)?\.\w+\.partial")
# What nobody has written to for so long was left by a backup that was killed.
LEFT_SECONDS = 24 * 3600


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of a folder, and what killed ones left; tells which.

    BackupError when one cannot be removed.
    """
    names = sorted(path.name for path in folder.iterdir())
    # The manifest goes last: a backup that was half removed is found again.
    backups = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
    old = [folder / name for name in backups if OURS.fullmatch(name)][:-keep]
    left = [folder / name for name in names if PARTIAL.fullmatch(name)]
    try:
        for path in old:
            path.unlink(missing_ok=True)
            manifest_of(path).unlink()
        for path in left:
            if time.time() - path.stat().st_mtime > LEFT_SECONDS:
                path.unlink()
    except OSError as fault:
        raise BackupError(
            f"The backup was made, but an older one cannot be removed: {fault.strerror} "
            f"({fault.filename})."
        ) from None
    return old
