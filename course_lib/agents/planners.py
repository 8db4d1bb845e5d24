"""Who plans: the tuned pocket model, any other chat model of it, or a real one behind an endpoint that knows tool calls."""

import json
from collections.abc import Sequence

from course_lib.agents.loop import Planner
from course_lib.agents.manual import manual
from course_lib.agents.turns import Turn, write_turn
from course_lib.lm import full
from course_lib.lm.chat import Message, encode_prompt
from course_lib.lm.generate import generate_batch
from course_lib.lm.tokenizer import get_tokenizer

MAX_TURN = 140  # tokens; the longest turn of 1,500 demonstrations has 118


def pocket_planner(model) -> Planner:
    """A planner that writes with the pocket language model, greedily."""

    def write(conversations: Sequence[Sequence[Message]]) -> list[str]:
        prompts = [encode_prompt(get_tokenizer(), messages) for messages in conversations]
        return generate_batch(model, get_tokenizer(), prompts, MAX_TURN)

    return write


def openai_tools() -> list[dict]:
    """The manual, as chat-completion endpoints are told of tools."""
    return [{"type": "function", "function": schema} for schema in manual().values()]


def turn_from_message(message: dict) -> Turn:
    """An endpoint's message {"content", "tool_calls"} → a turn: its first call, or its words as the value."""
    calls = message.get("tool_calls") or []
    if not calls:
        return Turn("", None, (message.get("content") or "").strip() or "no answer")
    called = calls[0]["function"]
    try:
        arguments = json.loads(called["arguments"] or "{}")
    except json.JSONDecodeError:
        arguments = None
    return Turn((message.get("content") or "").strip(), {"name": called["name"], "arguments": arguments})


def to_openai(messages: Sequence[Message]) -> list[dict]:
    """Our conversation in words that any chat model reads: results of tools as the user's turns, as in LLaVA-Plus."""
    return [
        {"role": "user", "content": f"Result: {message['content']}"} if message["role"] == "tool" else dict(message)
        for message in messages
    ]


def endpoint_planner(client, model: str) -> Planner:
    """A real planner: `client` is `openai.OpenAI(base_url=…)` of any server that knows tool calls (vLLM, Ollama, llama.cpp …)."""

    def write(conversations: Sequence[Sequence[Message]]) -> list[str]:
        turns = []
        for messages in conversations:
            told = [{"role": "system", "content": BRIEF}, *to_openai(messages)]
            answer = client.chat.completions.create(model=model, messages=told, tools=openai_tools(), max_tokens=200)
            turns.append(write_turn(turn_from_message(answer.choices[0].message.model_dump())))
        return turns

    return write


def written_planner(write_text) -> Planner:
    """A chat model without tool calls, such as SmolLM2-135M, is told the form in words; `write_text(messages)` gives its reply."""
    told = Message(role="system", content=f"{BRIEF} {FORM} Tools: {json.dumps(list(manual().values()))}")
    return lambda conversations: [write_text([told, *to_openai(messages)]) for messages in conversations]


def smollm2_planner() -> Planner:
    """SmolLM2-135M-Instruct from its offline package, as it comes; `Problem` says how to install it."""
    model, tokenizer = full.load_offline()

    def write_text(messages: Sequence[Message]) -> str:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return full.reply(model, tokenizer, text.rstrip("\n"), chat=False, max_new_tokens=MAX_TURN)

    return written_planner(write_text)


BRIEF = (
    "You answer requests about a picture that you can't see. Tools can see it. Boxes are [left, top, right, bottom] in sixteenths of "
    "the picture's side. Call one tool a turn; when you know enough, answer in a few words."
)
FORM = (
    'Write every turn as: Thoughts: … Actions: [{"name": …, "arguments": {…}}] Value: … With a value, the list of actions is empty. For '
    'example: Thoughts: what is there Actions: [{"name": "find", "arguments": {}}] Value:'
)
