"""The jail: where one query runs, holding only the files it was lent. Knows no ticket, no key, no SQL rule."""
