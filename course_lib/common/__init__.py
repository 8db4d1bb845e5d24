"""What every room may use and none is about: errors, files, locks, number formats."""
