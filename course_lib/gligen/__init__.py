"""GLIGEN: a frozen text-to-image model learns to obey boxes (Lesson 10)."""
