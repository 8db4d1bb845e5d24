"""The room of Lesson 01: specialists wired by rules, and one model beside them. Read it in this order:

- `data/bank`: twelve tasks with their truth, fixed before the rules
- `detector`: Lesson 10's, trained further to 168 names; `boxes`: suppression, matching, average precision; `reader`: cells → a word
- `tools`: all specialists as callables with a schema, which Lesson 13 hands to a language model
- `rules`: what the tools find, and the table of rules that makes answers of it; `costs`: what one more task costs
- `evaluate/`: `figures()`, the proofs: `tasks` puts the bank to everybody, `boxes` is where the detector wins
- `exercises/`: what the lesson asks for; `before`: computer vision of 2006–2012, on real pictures

The room stands behind all others, since it uses the models of Lessons 02, 07, 10 and 11.
"""
