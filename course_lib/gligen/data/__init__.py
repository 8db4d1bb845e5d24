"""The small world of Lesson 10, its layouts, batches and test sets."""
