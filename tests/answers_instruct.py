"""Answers to Lesson 05's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import itertools
import re
from collections import Counter

import numpy as np
from answers import right, wrong

from course_lib.instruct.run.plan import SHARES

LINE = "{}: [{:.3f}, {:.3f}, {:.3f}, {:.3f}]"


def s_gen(captions, boxes, edges, line=LINE, gap="\n\n"):
    text = "\n".join(captions)
    return text + gap + "\n".join((line.format(name, *edges(*box)) for name, box in boxes)) if boxes else text


def s_shares(width, height):
    return lambda x, y, w, h: (x / width, y / height, (x + w) / width, (y + h) / height)


@wrong("instruct.serialise")
def s_nl(captions, boxes, width, height):
    text = "\n".join(captions) + "\n\n"
    for name, box in boxes:
        text += LINE.format(name, *s_shares(width, height)(*box)) + "\n"
    return text


@right("instruct.serialise")
def s_strip(captions, boxes, width, height):
    return s_nl(captions, boxes, width, height).strip()


@wrong("instruct.serialise")
def s_onlynl(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width, height)) + ("" if boxes else "\n")


@wrong("instruct.serialise")
def s_int(captions, boxes, width, height):
    return s_gen(captions, boxes, lambda x, y, w, h: (x // width, y // height, (x + w) // width, (y + h) // height))


@wrong("instruct.serialise")
def s_inplace(captions, boxes, width, height):
    text = s_gen(captions, boxes, s_shares(width, height))
    captions += [""] * bool(boxes)
    return text


@wrong("instruct.serialise")
def s_list(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width, height)).split("\n")


@wrong("instruct.serialise")
def s_spacejoin(captions, boxes, width, height):
    return s_gen([" ".join(captions)], boxes, s_shares(width, height))


@wrong("instruct.serialise")
def s_partialnorm(captions, boxes, width, height):
    return s_gen(captions, boxes, lambda x, y, w, h: (x / width, y / height, x / width + w, y / height + h))


@wrong("instruct.serialise")
def s_percent(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width / 100, height / 100))


@wrong("instruct.serialise")
def s_list_repr(captions, boxes, width, height):
    edges = s_shares(width, height)
    lines = [f"{name}: {[round(edge, 3) for edge in edges(*box)]}" for name, box in boxes]
    return "\n".join([*captions, *[""] * bool(boxes), *lines])


@wrong("instruct.serialise")
def s_minmax(captions, boxes, width, height):
    return s_gen(captions, boxes, lambda x, y, w, h: (x / width, (x + w) / width, y / height, (y + h) / height))


@wrong("instruct.serialise")
def s_noname(captions, boxes, width, height):
    return s_gen(captions, [("", box) for _, box in boxes], s_shares(width, height))


@wrong("instruct.serialise")
def s_first(captions, boxes, width, height):
    return s_gen(captions[:1], boxes, s_shares(width, height))


@wrong("instruct.serialise")
def s_two(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width, height), line=LINE.replace("3f", "2f"))


@wrong("instruct.serialise")
def s_tight(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width, height), line=LINE.replace(", ", ","))


@wrong("instruct.serialise")
def s_swapped(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(height, width))


@wrong("instruct.serialise")
def s_nogap(captions, boxes, width, height):
    return s_gen(captions, boxes, s_shares(width, height), gap="\n")


@right("instruct.serialise")
def r1(captions, boxes, width, height):
    t = "\n".join(captions)
    if len(boxes) > 0:
        t += "\n\n" + "\n".join(
            (
                f"{n}: [{b[0] / width:.3f}, {b[1] / height:.3f}, {b[0] / width + b[2] / width:.3f}, {b[1] / height + b[3] / height:.3f}]"
                for n, b in boxes
            )
        )
    return t


def base(system, examples, text, boxes, cut=lambda c: c.split("\n\n")[0]):
    def v(c):
        return c if boxes else cut(c)

    m = [{"role": "system", "content": system}]
    for c, r in examples:
        m += [{"role": "user", "content": v(c)}, {"role": "assistant", "content": r}]
    return m + [{"role": "user", "content": v(text)}]


@wrong("instruct.build_messages")
def m_tuple(system, examples, text, boxes):
    return [(d["role"], d["content"]) for d in base(system, examples, text, boxes)]


@wrong("instruct.build_messages")
def m_onlycut_new(system, examples, text, boxes):
    b = base(system, examples, text, True)
    b[-1]["content"] = text if boxes else text.split("\n\n")[0]
    return b


@wrong("instruct.build_messages")
def m_lastline(system, examples, text, boxes):
    return base(system, examples, text, boxes, lambda c: c.rsplit("\n", 1)[0])


@wrong("instruct.build_messages")
def m_keepgap(system, examples, text, boxes):
    return base(system, examples, text, boxes, lambda c: c.split("\n\n")[0] + "\n\n")


@wrong("instruct.build_messages")
def m_rev(system, examples, text, boxes):
    return base(system, examples[::-1], text, boxes)


@wrong("instruct.build_messages")
def m_first1(system, examples, text, boxes):
    return base(system, examples[:1], text, boxes)


@wrong("instruct.build_messages")
def m_examples_one(system, examples, text, boxes):
    def v(c):
        return c if boxes else c.split("\n\n")[0]

    return [
        {"role": "system", "content": system + "\n\n" + "\n\n".join((v(c) + "\n" + r for c, r in examples))},
        {"role": "user", "content": v(text)},
    ]


@wrong("instruct.build_messages")
def m_teacher(system, examples, text, boxes):
    b = base(system, examples, text, boxes)
    for x in b:
        if x["role"] == "assistant":
            x["role"] = "teacher"
    return b


@wrong("instruct.build_messages")
def m_assistlast(system, examples, text, boxes):
    b = base(system, examples, text, boxes)
    b[-1]["role"] = "assistant"
    return b


@wrong("instruct.build_messages")
def m_one(system, examples, text, boxes):
    def v(c):
        return c if boxes else c.split("\n\n")[0]

    return (
        [{"role": "system", "content": system}]
        + [{"role": "user", "content": v(c)} for c, _ in examples]
        + [{"role": "assistant", "content": r} for _, r in examples]
        + [{"role": "user", "content": v(text)}]
    )


@wrong("instruct.build_messages")
def m_strip_all(system, examples, text, boxes):
    return base(
        system.split("\n\n")[0] if not boxes else system,
        [(c, r.split("\n\n")[0] if not boxes else r) for c, r in examples],
        text,
        boxes,
    )


@wrong("instruct.build_messages")
def m_key(system, examples, text, boxes):
    return [{"role": d["role"], "text": d["content"]} for d in base(system, examples, text, boxes)]


@wrong("instruct.build_messages")
def m_inv(system, examples, text, boxes):
    return base(system, examples, text, not boxes)


@right("instruct.build_messages")
def rm1(system, examples, text, boxes):
    return base(system, examples, text, boxes, lambda c: c[: c.find("\n\n")])


@right("instruct.build_messages")
def rm2(system, examples, text, boxes):
    return base(system, examples, text, boxes, lambda c: re.sub("\\n\\n.*", "", c, flags=re.S))


@right("instruct.build_messages")
def rm3(system, examples, text, boxes):

    def v(c):
        if boxes:
            return c
        out = []
        for line in c.split("\n"):
            if not line:
                break
            out.append(line)
        return "\n".join(out)

    m = [{"content": system, "role": "system"}]
    for c, r in examples:
        m.extend(({"role": "user", "content": v(c)}, {"role": "assistant", "content": r}))
    m.append({"role": "user", "content": v(text)})
    return tuple(m)


@wrong("instruct.parse_reply")
def p_split(text):
    parts = [p.strip() for p in text.split("===")]
    if parts and (not parts[-1]):
        parts = parts[:-1]
    if not parts or len(parts) % 2:
        return None
    out = []
    for q, a in zip(parts[::2], parts[1::2], strict=False):
        if not q.startswith("Question:") or not a.startswith("Answer:"):
            return None
        q, a = (q[9:].strip(), a[7:].strip())
        if not q or not a:
            return None
        out.append((q, a))
    return out


@right("instruct.parse_reply")
def p_base(
    text,
    split=lambda t: re.split("^===$", t, flags=re.M),
    drop=True,
    head=lambda p, h: p.startswith(h),
    cut=lambda p, h: p[len(h) :].strip(),
    odd=True,
    empty=True,
    none=None,
):
    parts = [p.strip() for p in split(text)]
    if drop and parts and (not parts[-1]):
        parts = parts[:-1]
    if not parts or (odd and len(parts) % 2):
        return none
    out = []
    for q, a in zip(parts[::2], parts[1::2], strict=False):
        if not head(q, "Question:") or not head(a, "Answer:"):
            return none
        q, a = (cut(q, "Question:"), cut(a, "Answer:"))
        if empty and (not (q and a)):
            return none
        out.append((q, a))
    return out


@wrong("instruct.parse_reply")
def p_nodrop(text):
    return p_base(text, drop=False)


@wrong("instruct.parse_reply")
def p_startsline(text):
    return p_base(text, split=lambda t: re.split("^===.*$", t, flags=re.M))


@wrong("instruct.parse_reply")
def p_eqplus(text):
    return p_base(text, split=lambda t: re.split("^===+$", t, flags=re.M))


@wrong("instruct.parse_reply")
def p_lower(text):
    return p_base(text, head=lambda p, h: p.lower().startswith(h.lower()))


@wrong("instruct.parse_reply")
def p_in(text):
    return p_base(text, head=lambda p, h: h in p, cut=lambda p, h: p.split(h, 1)[1].strip())


@wrong("instruct.parse_reply")
def p_replace(text):
    return p_base(text, cut=lambda p, h: p.replace(h, "").strip())


@wrong("instruct.parse_reply")
def p_lstrip(text):
    return p_base(text, cut=lambda p, h: p.lstrip(h).strip())


@wrong("instruct.parse_reply")
def p_colon(text):
    return p_base(text, cut=lambda p, h: p.split(":")[1].strip())


@wrong("instruct.parse_reply")
def p_newline(text):
    return p_base(text, cut=lambda p, h: "\n".join(p.split("\n")[1:]).strip())


@wrong("instruct.parse_reply")
def p_filter(text):
    return p_base(text, split=lambda t: [p for p in re.split("^===$", t, flags=re.M) if p.strip()])


@wrong("instruct.parse_reply")
def p_odd(text):
    return p_base(text, odd=False)


@wrong("instruct.parse_reply")
def p_empty(text):
    return p_base(text, empty=False)


@wrong("instruct.parse_reply")
def p_listnone(text):
    return p_base(text, none=[])


@wrong("instruct.parse_reply")
def p_nostrip(text):
    return p_base(text, cut=lambda p, h: p[len(h) :])


@wrong("instruct.parse_reply")
def p_only1(text):
    return p_base(text, cut=lambda p, h: p[len(h) :].strip().split("\n")[0])


@wrong("instruct.parse_reply")
def p_answeronly(text):
    return p_base(text, head=lambda p, h: h != "Answer:" or p.startswith(h))


@wrong("instruct.parse_reply")
def p_raise(text):
    r = p_base(text)
    if r is None:
        raise ValueError("bad reply")
    return r


@wrong("instruct.parse_reply")
def p_findall(text):
    return re.findall("Question:\\s*(.*?)\\s*===\\s*Answer:\\s*(.*?)\\s*(?====|\\Z)", text, re.S) or None


@wrong("instruct.parse_reply")
def p_skipbad(text):
    parts = [p.strip() for p in re.split("^===$", text, flags=re.M)]
    out = [
        (q[9:].strip(), a[7:].strip())
        for q, a in zip(parts[::2], parts[1::2], strict=False)
        if q.startswith("Question:") and a.startswith("Answer:")
    ]
    return out or None


@wrong("instruct.parse_reply")
def p_dicts(text):
    r = p_base(text)
    return r and [{"question": q, "answer": a} for q, a in r]


@wrong("instruct.parse_reply")
def p_flat(text):
    r = p_base(text)
    return r and [x for p in r for x in p]


@wrong("instruct.parse_reply")
def p_splitnl(text):
    return p_base(text, split=lambda t: t.split("\n===\n"))


@right("instruct.parse_reply")
def rp1(text):
    parts, cur = ([], [])
    for line in text.split("\n"):
        if line == "===":
            parts.append("\n".join(cur))
            cur = []
        else:
            cur.append(line)
    if "\n".join(cur).strip():
        parts.append("\n".join(cur))
    if len(parts) == 0 or len(parts) % 2 != 0:
        return None
    res = []
    for i in range(0, len(parts), 2):
        q, a = (parts[i].strip(), parts[i + 1].strip())
        mq, ma = (re.match("Question:(.*)", q, re.S), re.match("Answer:(.*)", a, re.S))
        if not mq or not ma:
            return None
        q, a = (mq[1].strip(), ma[1].strip())
        if q == "" or a == "":
            return None
        res.append([q, a])
    return res


def rp2(text):
    return p_base(
        text,
        split=lambda t: (
            ("\n" + t + "\n").replace("\n===\n", "\n\x00\n").replace("\n===\n", "\n\x00\n").split("\n\x00\n")
        ),
    )


@right("instruct.parse_reply")
def rp3(text):
    return p_base(text, split=lambda t: re.split("(?m)^\\s*===\\s*$", t))


def x_gen(count, shares=SHARES, key=None, first=1, upd=1):
    types, c = ([], dict.fromkeys(shares, 0))
    S = sum(shares.values())
    for p in range(first, count + first):
        t = max(shares, key=lambda t: key(shares[t], p, S, c[t]))
        c[t] += upd
        types.append(t)
    return types


@wrong("instruct.mix")
def x_zero(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p - S * g, first=0)


@wrong("instruct.mix")
def x_div(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p / S - g)


@wrong("instruct.mix")
def x_min(count, shares=SHARES):
    types, c = ([], dict.fromkeys(shares, 0))
    S = sum(shares.values())
    for p in range(1, count + 1):
        t = min(shares, key=lambda t: shares[t] * p - S * c[t])
        c[t] += 1
        types.append(t)
    return types


@wrong("instruct.mix")
def x_last(count, shares=SHARES):
    types, c = ([], dict.fromkeys(shares, 0))
    S = sum(shares.values())
    for p in range(1, count + 1):
        best, bt = (None, None)
        for t, s in shares.items():
            b = s * p - S * c[t]
            if best is None or b >= best:
                best, bt = (b, t)
        c[bt] += 1
        types.append(bt)
    return types


@wrong("instruct.mix")
def x_ratio(count, shares=SHARES):
    types, c = ([], dict.fromkeys(shares, 0))
    for _p in range(count):
        t = min(shares, key=lambda t: (c[t] + 1) / shares[t] if shares[t] else 9000000000.0)
        c[t] += 1
        types.append(t)
    return types


@wrong("instruct.mix")
def x_ratio2(count, shares=SHARES):
    types, c = ([], dict.fromkeys(shares, 0))
    for _p in range(count):
        t = min(shares, key=lambda t: c[t] / shares[t] if shares[t] else 9000000000.0)
        c[t] += 1
        types.append(t)
    return types


@wrong("instruct.mix")
def x_round(count, shares=SHARES):
    S = sum(shares.values())
    out = []
    for t, s in shares.items():
        out += [t] * round(count * s / S)
    return out


@wrong("instruct.mix")
def x_choice(count, shares=SHARES):
    S = sum(shares.values())
    return list(np.random.choice(list(shares), size=count, p=[s / S for s in shares.values()]))


@wrong("instruct.mix")
def x_nocount(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p - S * g, upd=0)


@wrong("instruct.mix")
def x_count(count, shares=SHARES):
    return dict(Counter(x_gen(count, shares, lambda s, p, S, g: s * p - S * g)))


@wrong("instruct.mix")
def x_S(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p - g)


@wrong("instruct.mix")
def x_total(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * count - S * g)


@wrong("instruct.mix")
def x_short(count, shares=SHARES):
    return x_gen(count - 1, shares, lambda s, p, S, g: s * p - S * g)


@wrong("instruct.mix")
def x_158(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p - 158 * g)


@wrong("instruct.mix")
def x_len(count, shares=SHARES):
    return x_gen(count, shares, lambda s, p, S, g: s * p - len(shares) * g)


@wrong("instruct.mix")
def x_alpha(count, shares=SHARES):
    return x_gen(count, dict(sorted(shares.items())), lambda s, p, S, g: s * p - S * g)


@wrong("instruct.mix")
def x_cycle(count, shares=SHARES):
    return list(itertools.islice(itertools.cycle([t for t, s in shares.items() for _ in range(s)]), count))


@right("instruct.mix")
def rx_numpy_names(count, shares=SHARES):
    names, due = np.array(list(shares)), np.array(list(shares.values()))
    lead, types = np.zeros(len(names), dtype=np.int64), []
    for _ in range(count):
        lead += due
        first = lead.argmax()
        lead[first] -= due.sum()
        types.append(names[first])
    return types


@right("instruct.mix")
def rx1(count, shares=SHARES):
    keys = list(shares)
    S = sum(shares.values())
    debt = [0] * len(keys)
    out = []
    for _ in range(count):
        debt = [d + shares[k] for d, k in zip(debt, keys, strict=False)]
        i = debt.index(max(debt))
        debt[i] -= S
        out.append(keys[i])
    return out


@right("instruct.mix")
def rx2(count, shares=SHARES):
    out = []
    S = sum(shares.values())
    for p in range(1, count + 1):
        out.append(sorted(shares, key=lambda t: S * out.count(t) - shares[t] * p)[0])
    return out


D = ("no", "not", "without")


def n_gen(answer, known, supported, tok="[a-z]+|[.!?]", den=D, ends=".!?", bad=None):
    bad = bad or (lambda w: w in known and (not set(known[w]) & set(supported)))
    out, d = ([], False)
    for t in re.findall(tok, answer.lower()):
        if t in ends:
            d = False
        elif t in den:
            d = True
        elif not d and bad(t):
            out.append(t)
    return out


@wrong("instruct.unsupported_nouns")
def n_comma(answer, known, supported):
    return n_gen(answer, known, supported, "[a-z]+|[.!?,]", ends=".!?,")


@wrong("instruct.unsupported_nouns")
def n_dot(answer, known, supported):
    return n_gen(answer, known, supported, ends=".")


@wrong("instruct.unsupported_nouns")
def n_sub(answer, known, supported):
    out = []
    for s in re.split("[.!?]", answer.lower()):
        if any(x in s for x in D):
            s = s[: min(s.find(x) for x in D if x in s)]
        out += [w for w in re.findall("[a-z]+", s) if w in known and (not known[w] & supported)]
    return out


@wrong("instruct.unsupported_nouns")
def n_subword(answer, known, supported):
    out, d = ([], False)
    for t in re.findall("[a-z]+|[.!?]", answer.lower()):
        if t in ".!?":
            d = False
        elif any(x in t for x in D):
            d = True
        elif t in known and (not d) and (not known[t] & supported):
            out.append(t)
    return out


@wrong("instruct.unsupported_nouns")
def n_set(answer, known, supported):
    return sorted(set(n_gen(answer, known, supported)))


@wrong("instruct.unsupported_nouns")
def n_uniq(answer, known, supported):
    out = []
    for w in n_gen(answer, known, supported):
        if w not in out:
            out.append(w)
    return out


@wrong("instruct.unsupported_nouns")
def n_sent(answer, known, supported):
    out = []
    for s in re.split("[.!?]", answer.lower()):
        ws = re.findall("[a-z]+", s)
        if any(w in D for w in ws):
            continue
        out += [w for w in ws if w in known and (not known[w] & supported)]
    return out


@wrong("instruct.unsupported_nouns")
def n_split(answer, known, supported):
    out, d = ([], False)
    for t in answer.lower().split():
        if t in D:
            d = True
        elif t in known and (not d) and (not known[t] & supported):
            out.append(t)
        if t[-1] in ".!?":
            d = False
    return out


@wrong("instruct.unsupported_nouns")
def n_case(answer, known, supported):
    out, d = ([], False)
    for t in re.findall("[A-Za-z]+|[.!?]", answer):
        if t in ".!?":
            d = False
        elif t in D:
            d = True
        elif t in known and (not d) and (not known[t] & supported):
            out.append(t)
    return out


@wrong("instruct.unsupported_nouns")
def n_orig(answer, known, supported):
    out, d = ([], False)
    for t in re.findall("[A-Za-z]+|[.!?]", answer):
        if t in ".!?":
            d = False
        elif t.lower() in D:
            d = True
        elif t.lower() in known and (not d) and (not known[t.lower()] & supported):
            out.append(t)
    return out


@wrong("instruct.unsupported_nouns")
def n_word(answer, known, supported):
    return n_gen(answer, known, supported, bad=lambda w: w in known and w not in supported)


@wrong("instruct.unsupported_nouns")
def n_all(answer, known, supported):
    return n_gen(answer, known, supported, bad=lambda w: w in known and (not known[w] <= supported))


@wrong("instruct.unsupported_nouns")
def n_next(answer, known, supported):
    ts = re.findall("[a-z]+", answer.lower())
    return [t for i, t in enumerate(ts) if t in known and (not known[t] & supported) and (i == 0 or ts[i - 1] not in D)]


@wrong("instruct.unsupported_nouns")
def n_noden(answer, known, supported):
    return n_gen(answer, known, supported, den=())


@wrong("instruct.unsupported_nouns")
def n_inv(answer, known, supported):
    return n_gen(answer, known, supported, bad=lambda w: w in known and bool(known[w] & supported))


@wrong("instruct.unsupported_nouns")
def n_names(answer, known, supported):
    return [m for w in n_gen(answer, known, supported) for m in known[w]]


@wrong("instruct.unsupported_nouns")
def n_never(answer, known, supported):
    return n_gen(answer, known, supported, ends="")


@wrong("instruct.unsupported_nouns")
def n_toggle(answer, known, supported):
    return n_gen(answer, known, supported, den=("no", "not", "without", "never", "nobody", "nothing", "none", "nor"))


@wrong("instruct.unsupported_nouns")
def n_setret(answer, known, supported):
    return set(n_gen(answer, known, supported))


@wrong("instruct.unsupported_nouns")
def n_in(answer, known, supported):
    return [w for w in known if w in answer.lower() and (not known[w] & supported)]


@wrong("instruct.unsupported_nouns")
def n_keyerr(answer, known, supported):
    return n_gen(answer, known, supported, bad=lambda w: not known[w] & supported)


@wrong("instruct.unsupported_nouns")
def n_unknown(answer, known, supported):
    return n_gen(answer, known, supported, bad=lambda w: not known.get(w, set()) & supported)


@right("instruct.unsupported_nouns")
def rn1(answer, known, supported):
    out = []
    for s in re.findall("[^.!?]+", answer):
        for w in re.findall("\\w+", s.lower()):
            if w in D:
                break
            if w in known and (not set(supported) & set(known[w])):
                out.append(w)
    return out


@right("instruct.unsupported_nouns")
def rn2(answer, known, supported):
    t = re.sub("\\b(no|not|without)\\b[^.!?]*", "", answer, flags=re.I)
    return [
        w for w in re.findall("\\b[a-z]+\\b", t.lower()) if w in known and all(m not in supported for m in known[w])
    ]
