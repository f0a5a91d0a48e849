"""Exit codes that no error stands for; `ghoststream --help` lists all."""

INTERNAL_ERROR = 1
PARTLY_LOST = 3
INTERRUPTED = 130
