"""The sticker world (Lesson 00), which all lessons share: pictures whose every detail is known, made from a seed. Read it in this order:

- `stickers`, `shapes`, `signs`, `recolour`, `sprites`: what can be drawn, from the artwork to pixels; `backdrops`: behind it
- `geometry`: boxes and relations; `splits`: what training may see, and the gate that refuses the rest
- `scenes`: a scene as a description; `render`: its pixels, masks and boxes
- `nouns`, `language`, `questions`: the scene in captions, phrases, questions with answers; `coco`: in the field's formats
- `fingerprint`: one hash of all that training depends on; `evaluate`: speed and leaks; `exercises/`: those of the lesson

It imports no other room, and no torch. Every room imports it.
"""
