"""Phase 14: what is handed over, in one archive with its checksum. The same files always give the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from phases.flights.artifacts import replacing, sha256, write_text

RELEASE = Path("build/release")
FILES = ("baseline.json", "comparison.json", "metrics.json", "model.json", "report.html")


def archive(folder: Path, names: tuple[str, ...]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(names):
            content = (folder / name).read_bytes()
            # a fresh entry has no owner and no time: neither says anything about the release
            entry = tarfile.TarInfo(f"flights-model/{name}")
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def main() -> None:
    target = RELEASE / "flights-model.tar.gz"
    with replacing(target) as part:
        part.write_bytes(archive(Path("build"), FILES))
    digest = sha256(target)
    write_text(RELEASE / "SHA256SUMS", f"{digest}  {target.name}\n")
    print(f"{target}: {target.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
