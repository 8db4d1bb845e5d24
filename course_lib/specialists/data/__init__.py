"""The question bank, which was fixed before any rule was written."""
