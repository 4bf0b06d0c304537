"""The market's rule book: a chapter a file, a rule a test."""
