"""arm09.py NAME FOLDER: train arm as the tool does; val of gate, cross exist, pictures"""
import sys, numpy as np
from pathlib import Path
from course_lib.emergence import saved, train as T
from course_lib.emergence.arms import ARMS
from course_lib.emergence.texts import language_of
from course_lib.emergence.languages import KINDS, CODES, get_language
from course_lib.emergence.evaluate import asking as A
name, folder = sys.argv[1], Path(sys.argv[2]); arm = ARMS[name]
folder.mkdir(exist_ok=True)
model, minutes = saved.read_texts(name, 0, folder)
every=[language_of(arm,c) for c in CODES]; n=60
lm, tok = model.language_model, model.tokenizer
r = {f"{c}/{k}": round(float(A.is_right(A.text_replies(lm,tok,(e:=A.examples(k,n,"val")),L,L),e,[L]).mean()),2) for c,L in zip(CODES,every) for k in KINDS}
x = {f"en>{c}/{k}": round(float(A.is_right(A.text_replies(lm,tok,(e:=A.examples(k,n,"val")),every[0],L),e,[L]).mean()),2) for c,L in zip(CODES[1:],every[1:]) for k in KINDS}
print("texts", minutes, r, x, flush=True)
def pics():
    r={}
    for c,L in zip(CODES,every):
        for k in KINDS:
            e=A.examples(k,n,"val"); r[f"{c}/{k}"]=round(float(A.is_right(A.picture_replies(model,e,L),e,every).mean()),2)
        r[c]=round(float(np.mean([r[f"{c}/{k}"] for k in KINDS])),3)
    return r
T.match_connector(model, arm); print("before pictures", pics(), flush=True)
progress = saved.look_at_pictures(name, 0, folder, model)
print("after", progress.seconds/60, pics(), flush=True)
