#!/usr/bin/env python3
"""PatentOps: `python3 manage.py up` starts everything, `python3 manage.py test` tests it."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "PatentOps 需要 Python 3.11 或更新的版本，当前是 %d.%d。\n"
        "请安装 python3.11 后再运行：python3.11 manage.py up" % sys.version_info[:2]
    )

if __name__ == "__main__":
    from patentops.runner.main import main

    main(sys.argv)
