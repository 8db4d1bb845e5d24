"""The room of Lesson 15: a claim, and what must stand beside it. Read it in this order:

- `card`: the claim card, a dataclass that is saved as plain JSON and read again
- `checks`: which cards are refused, and what is missing; control and interval are judged here
- `evaluate`: three cards whose figures are measured in seconds on the shipped weights: a measurement, an effect, a null result
- `exercises/`: what the lesson asks for

The room stands behind all others, since its examples use the models of Lessons 02 and 07. The site's gallery reads its cards.
"""
