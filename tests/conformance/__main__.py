"""`python -m tests.conformance`: write docs/conformance/book_feed.json anew."""

import sys

from tests.conformance.file import PATH, text

if __name__ == "__main__":
    PATH.write_text(text())
    sys.stdout.write(f"{PATH}\n")
