#!/usr/bin/env python3
"""PatentOps: `python3 manage.py up` starts everything, `python3 manage.py test` tests it."""

import os
import sys


def newer_python():
    """An interpreter on the path that is new enough, or None."""
    for minor in range(20, 10, -1):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            found = os.path.join(folder, "python3.%d" % minor)
            if os.access(found, os.X_OK):
                return found
    return None


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        python = newer_python()
        if python:
            os.execv(python, [python, *sys.argv])
        sys.exit(
            "PatentOps 需要 Python 3.11 或更新的版本，当前是 %d.%d。\n"
            "请安装 Python 3.11（Debian 12 自带），再运行：python3.11 manage.py up"
            % sys.version_info[:2]
        )
    from patentops.runner.main import main

    main(sys.argv)
