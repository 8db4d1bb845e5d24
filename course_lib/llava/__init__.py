"""The LLaVA room: a language model that is given eyes, by a connector (Lesson 06), and instructions (Lesson 07)."""
