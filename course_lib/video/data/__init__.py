"""Clips of moving stickers, questions about what happens in them, batches of clips beside their mirrors, and the test set."""
