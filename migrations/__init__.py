"""The schema, one file per revision."""

RUNNERS_LOCK = 7_203_115
"""Any number that nothing else locks: an advisory lock that keeps two runners apart, and a runner and a backup."""
