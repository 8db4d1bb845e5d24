"""Finite sets of questions with answers, some of them false, and what Lesson 05's filters leave of them."""
