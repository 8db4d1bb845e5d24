"""Exercise on conversations: their form as one text."""

from course_lib.checker.task import Mistake, Task
from course_lib.lm.chat import render_chat

TURNS = (
    (("user", "what is this?"), ("assistant", "a cat")),
    (("user", "count the dogs."),),
    (("user", "hello"), ("assistant", "hello"), ("user", "where is it?"), ("assistant", "at sea")),
    (("assistant", "ask me."), ("user", ""), ("user", "two {lines}\nof words ")),
    (),
)


def chat_inputs(rng) -> tuple:
    """No, one or more turns, of anybody, with a generation prompt, without one, or as the signature has it."""
    messages = [{"role": role, "content": content} for role, content in rng.in_turn(TURNS)]
    return (messages, *rng.in_turn(((False,), (True,), (), (True,), (True,), (True,), (False,), (True,), (False,), ())))


def chat_without_end(messages, add_generation_prompt=False):
    return render_chat(messages, add_generation_prompt).replace("<|im_end|>", "")


def chat_always_prompted(messages, add_generation_prompt=False):
    return render_chat(messages, True)


def chat_never_prompted(messages, add_generation_prompt=False):
    return render_chat(messages, False)


def chat_prompt_closed(messages, add_generation_prompt=False):
    return render_chat(messages) + ("<|im_start|>assistant<|im_end|>" if add_generation_prompt else "")


def chat_roles_forgotten(messages, add_generation_prompt=False):
    turns = [f"<|im_start|>{message['content']}<|im_end|>" for message in messages]
    return "".join(turns) + ("<|im_start|>" if add_generation_prompt else "")


def chat_with_line_breaks(messages, add_generation_prompt=False):
    turns = [f"{render_chat([message])}\n" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant" if add_generation_prompt else "")


def chat_with_spaces(messages, add_generation_prompt=False):
    return " ".join(render_chat([one]) for one in messages) + "<|im_start|>assistant" * add_generation_prompt


def chat_with_joined_lines(messages, add_generation_prompt=False):
    return "\n".join(render_chat([one]) for one in messages) + "<|im_start|>assistant" * add_generation_prompt


def chat_last_turn(messages, add_generation_prompt=False):
    return render_chat(messages[-1:], add_generation_prompt)


def chat_prompt_first(messages, add_generation_prompt=False):
    return "<|im_start|>assistant" * add_generation_prompt + render_chat(messages)


def chat_prompt_of_the_user(messages, add_generation_prompt=False):
    return render_chat(messages) + "<|im_start|>user" * add_generation_prompt


def chat_as_chatml(messages, add_generation_prompt=False):
    turns = [f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant\n" if add_generation_prompt else "")


def chat_with_colons(messages, add_generation_prompt=False):
    turns = [f"<|im_start|>{message['role']}: {message['content']}<|im_end|>" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant" if add_generation_prompt else "")


def chat_without_space(messages, add_generation_prompt=False):
    turns = [f"<|im_start|>{message['role']}{message['content']}<|im_end|>" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant" if add_generation_prompt else "")


def chat_prompt_with_space(messages, add_generation_prompt=False):
    return render_chat(messages) + ("<|im_start|>assistant " if add_generation_prompt else "")


def chat_prompt_without_start(messages, add_generation_prompt=False):
    return render_chat(messages) + ("assistant" if add_generation_prompt else "")


def chat_in_turns(messages, add_generation_prompt=False):
    turns = [{"role": ("user", "assistant")[i % 2], "content": one["content"]} for i, one in enumerate(messages)]
    return render_chat(turns, add_generation_prompt)


def chat_stripped(messages, add_generation_prompt=False):
    return render_chat([{**one, "content": one["content"].strip()} for one in messages], add_generation_prompt)


def chat_list(messages, add_generation_prompt=False):
    return [render_chat([one]) for one in messages] + ["<|im_start|>assistant"] * add_generation_prompt


def chat_by_addition(messages, add_generation_prompt=False):
    text = ""
    for message in messages:
        text += "<|im_start|>" + message["role"] + " " + message["content"] + "<|im_end|>"
    return text + "<|im_start|>assistant" * add_generation_prompt


def chat_by_join(messages, add_generation_prompt=False):
    parts = ["{role} {content}<|im_end|>".format(**message) for message in messages]
    return "<|im_start|>".join(["", *parts, *(["assistant"] if add_generation_prompt else [])])


def chat_by_opening(messages, add_generation_prompt=False):
    openings = [("<|im_start|>" + one["role"], " " + one["content"] + "<|im_end|>") for one in messages]
    openings += [("<|im_start|>assistant", "")] if add_generation_prompt else []
    return "".join("".join(parts) for parts in openings)


TASKS = [
    Task(
        id="lm.render_chat",
        title="A conversation as one text",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=render_chat,
        used_at=("lm.chat:render_chat",),
        make_inputs=chat_inputs,
        draws=10,
        mistakes=(
            Mistake(
                "end of turn forgotten",
                chat_without_end,
                "No turn ends: without `<|im_end|>` the model never learns where to stop, and nobody knows where the user stopped. Close every turn.",
            ),
            Mistake(
                "generation prompt always added",
                chat_always_prompted,
                "The assistant's turn is opened even where nobody asked for it, so training texts would end in an empty turn. Add it only if `add_generation_prompt`.",
            ),
            Mistake(
                "generation prompt never added",
                chat_never_prompted,
                "The assistant's turn is never opened: the model would first have to guess whose turn it is, and may speak for the user. Add `<|im_start|>assistant` when asked to.",
            ),
            Mistake(
                "generation prompt closed",
                chat_prompt_closed,
                "The assistant's turn is opened *and closed*, so the model has nothing left to say. The generation prompt stops right after the role.",
            ),
            Mistake(
                "roles forgotten",
                chat_roles_forgotten,
                "It doesn't say who speaks. The role stands right behind `<|im_start|>`, then a space, then the words.",
            ),
            Mistake(
                "line breaks between turns",
                chat_with_line_breaks,
                "There is a line break after every turn. Other templates have one; in ours the turns follow each other directly, and a model only understands its own.",
            ),
            Mistake(
                "line breaks that join turns",
                chat_with_joined_lines,
                "Turns are joined by line breaks. In our template they follow each other directly: `''.join(…)`.",
            ),
            Mistake(
                "spaces that join turns",
                chat_with_spaces,
                "Turns are joined by spaces. In our template they follow each other directly: `''.join(…)`.",
            ),
            Mistake(
                "the last turn only",
                chat_last_turn,
                "Only the last turn is left: each one replaces those before it. Add it to the text: `text += …`.",
            ),
            Mistake(
                "generation prompt in front",
                chat_prompt_first,
                "The generation prompt stands in front of the conversation. It opens the *next* turn, so it comes last.",
            ),
            Mistake(
                "generation prompt for the user",
                chat_prompt_of_the_user,
                "The generation prompt opens the user's turn, so the model would ask itself. It is the assistant's: `<|im_start|>assistant`.",
            ),
            Mistake(
                "ChatML's line breaks",
                chat_as_chatml,
                "This is ChatML as Qwen has it, with a line break after the role and after every turn. Ours has one space after the role, and nothing between turns: a model only understands its own template.",
            ),
            Mistake(
                "a colon after the role",
                chat_with_colons,
                "There is a colon after the role. Our template has a single space there: `<|im_start|>user what is this?<|im_end|>`.",
            ),
            Mistake(
                "no space after the role",
                chat_without_space,
                "Role and words stand together without a space, so that `usercount` becomes one word. A single space parts them.",
            ),
            Mistake(
                "a space after the generation prompt",
                chat_prompt_with_space,
                "The generation prompt ends in a space. The model's own first token brings that space (` a`), so it would stand there twice. End right after `assistant`.",
            ),
            Mistake(
                "generation prompt without its marker",
                chat_prompt_without_start,
                "The generation prompt is only the word `assistant`, which could belong to anything. A turn opens with `<|im_start|>`, this one too.",
            ),
            Mistake(
                "roles by their places",
                chat_in_turns,
                "The roles are taken from the places, user, assistant, user, … A conversation may begin with the assistant, and a user may speak twice: read `message['role']`.",
            ),
            Mistake(
                "content stripped",
                chat_stripped,
                "Spaces or line breaks at the ends of what was said are lost. The template changes nothing in the words.",
            ),
            Mistake(
                "a list of turns",
                chat_list,
                "These are the right turns, as a list. One text is wanted: `''.join(…)`.",
            ),
        ),
        alternatives=(chat_by_addition, chat_by_join, chat_by_opening),
        hints=(
            "Write the text of two turns by hand first. What stands before the words, what after them?",
            '"<|im_start|>role content<|im_end|>" for every message, then "<|im_start|>assistant" if the model is to go on.',
            '```python\nturns = [f"<|im_start|>{...} {...}<|im_end|>" for message in messages]\nreturn "".join(turns) + (... if add_generation_prompt else "")\n```',
        ),
    ),
]
