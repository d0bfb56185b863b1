# Unpacks a tar.gz the strict way: usage strict-unpack.py ARCHIVE DIRECTORY
# Pythons from 3.12 on, and patched older ones, have the filter "data" that refuses what an archive of
# plain files has no need of; for others its rules are applied here, member by member, before unpacking.
import os
import sys
import tarfile

archive, directory = sys.argv[1:]


def refuse(member, reason):
    sys.exit(f"{member.name}: {reason}")


def check(member, root):
    if member.name.startswith(("/", os.sep)) or os.path.isabs(member.name):
        refuse(member, "an absolute name")
    target = os.path.realpath(os.path.join(root, member.name))
    if os.path.commonpath([target, root]) != root:
        refuse(member, "outside of the directory")
    if not (member.isreg() or member.isdir()):
        refuse(member, "neither a file nor a directory")
    if member.isreg() and member.mode & 0o7133:
        refuse(member, f"mode {member.mode:o}")


names = set()
# errorlevel 2: whatever cannot be unpacked exactly is an error, not a warning.
with tarfile.open(archive, "r:gz", errorlevel=2) as tar:
    root = os.path.realpath(directory)
    for member in tar:
        if member.name in names:
            refuse(member, "twice in the archive")
        names.add(member.name)
        check(member, root)
    if hasattr(tarfile, "data_filter"):
        tar.extractall(directory, filter="data")
        print(f"{len(names)} members with the filter of Python {sys.version.split()[0]}")
    else:
        tar.extractall(directory)
        print(f"{len(names)} members by its rules, Python {sys.version.split()[0]}")
