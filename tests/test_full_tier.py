"""The lessons' full-tier cells, as they stand in the masters, on tiny random checkpoints in the real formats, loaded by the same calls."""

import copy
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import show
from course_lib.authoring.master import read_lesson
from course_lib.clip import full as real_clip
from course_lib.imagebind import full as real_bind
from course_lib.imagebind.compare import classify_sounds
from course_lib.instruct.teachers import local
from course_lib.llava.full import published as real_llava
from course_lib.lm import full as real_lm
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.session import REPO

FULL = SimpleNamespace(tier="full", device="cpu")
TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
WITH_PICTURES = (  # as LLaVA-interleave's: pictures before words
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% for part in m['content'] if part['type'] == 'image' %}<image>\n{% endfor %}"
    "{% for part in m['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    """Tiny models are the same everywhere on a CPU."""
    for module in (real_lm, real_llava, local):
        monkeypatch.setattr(module, "best_device", lambda: ("cpu", "float32", "a test"))


def cells(slug: str, *phrases: str) -> list[str]:
    """The code cell of a master that holds each phrase; exactly one does."""
    codes = [cell.source for cell in read_lesson(REPO / "solutions" / f"{slug}.py").cells if cell.cell_type == "code"]
    found = [[code for code in codes if phrase in code] for phrase in phrases]
    assert [len(one) for one in found] == [1] * len(phrases)
    return [one[0] for one in found]


def run(sources: list[str], **names) -> str:
    """Run cells in one namespace; returns what they print."""
    said = io.StringIO()
    with redirect_stdout(said):
        for source in sources:
            exec(compile(source, "a cell of the lesson", "exec"), names)
    return said.getvalue()


def language_model(folder: Path, chats: bool) -> str:
    """A random Llama with the course's tokenizer, saved as the hub's models are."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = copy.deepcopy(get_tokenizer())
    if not chats:
        tokenizer.chat_template = None
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=2, **TINY)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_lesson_02_reads_an_open_clip_checkpoint(tmp_path, monkeypatch):
    import open_clip
    from safetensors.torch import save_file

    shape = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    (tmp_path / "tiny-clip.json").write_text(json.dumps(shape))
    open_clip.add_model_config(tmp_path / "tiny-clip.json")
    torch.manual_seed(0)
    saved = open_clip.create_model("tiny-clip")
    save_file(saved.state_dict(), tmp_path / "open_clip_model.safetensors")
    monkeypatch.setattr(real_clip, "MODEL", "tiny-clip")
    monkeypatch.setattr(real_clip, "WEIGHTS", str(tmp_path / "open_clip_model.safetensors"))

    loaded = real_clip.load_real_clip()
    assert torch.equal(loaded.model.visual.proj, saved.visual.proj) and not loaded.model.training
    from course_lib.clip.zero_shot import classify, zero_shot_classifier

    shown = []
    monkeypatch.setattr(show, "matrix", lambda values, *names, alt: shown.append(values))
    monkeypatch.setattr(show, "pictures", lambda *_, **__: None)
    run(
        cells("02_clip", "load_real_clip(", "if the_real_one"),
        session=FULL, show=show, torch=torch, Image=Image, zero_shot_classifier=zero_shot_classifier,
        classify=classify, baked=None, tokenizer=None, prepare=None, np=np,
    )  # fmt: skip
    (probabilities,) = shown
    assert probabilities.shape[1] == 6 and np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_lesson_02_goes_on_without_the_weights(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(real_clip, "WEIGHTS", str(tmp_path / "nothing.safetensors"))
    assert real_clip.load_real_clip() is None
    assert capsys.readouterr().out.endswith("The lesson goes on without it.\n")


IMAGEBIND = """
import torch
from torch import nn


class ImageBindModel(nn.Module):
    \"\"\"The real class's four stages, tiny: modality → tensor, modality → embedding of a length of its own\"\"\"

    def __init__(self):
        super().__init__()
        sizes = {"vision": 3, "text": 77, "audio": 204}
        self.modality_preprocessors = nn.ModuleDict({name: nn.Linear(size, 8) for name, size in sizes.items()})
        self.modality_trunks = nn.ModuleDict({name: nn.Linear(8, 8) for name in sizes})
        self.modality_heads = nn.ModuleDict({name: nn.Linear(8, 6) for name in sizes})

    def forward(self, inputs):
        outputs = {}
        for name, x in inputs.items():
            batch = len(x)
            if name == "audio":
                assert x.shape[1:] == (3, 1, 128, 204)
                x = x.mean(dim=(1, 2, 3))
            x = x.float().mean(dim=(2, 3)) if name == "vision" else x.float()
            x = self.modality_heads[name](self.modality_trunks[name](self.modality_preprocessors[name](x)))
            outputs[name] = 20 * x
            assert x.shape == (batch, 6)
        return outputs


def imagebind_huge(pretrained=False):
    assert not pretrained  # that would unpickle
    return ImageBindModel()
"""


@pytest.fixture
def tiny_imagebind(tmp_path, monkeypatch):
    """A package laid out as ImageBind's repository, whose `__init__` breaks as the real one does, and weights for it."""
    from safetensors.torch import save_file

    for name in [name for name in sys.modules if name.split(".")[0] == "imagebind"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "imagebind" / "models").mkdir(parents=True)
    (tmp_path / "imagebind" / "__init__.py").write_text("import pytorchvideo.is.broken", encoding="utf-8")
    (tmp_path / "imagebind" / "models" / "imagebind_model.py").write_text(IMAGEBIND, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    torch.manual_seed(0)
    saved = real_bind.model_module().ImageBindModel()
    save_file(saved.state_dict(), tmp_path / "model.safetensors")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: str(tmp_path / "model.safetensors"))
    monkeypatch.setattr(real_bind, "best_device", lambda: (torch.device("cpu"), "float32", "a test"))
    yield saved
    for name in [name for name in sys.modules if name.split(".")[0] == "imagebind"]:
        del sys.modules[name]


def test_lesson_03_runs_imagebind_behind_the_miniatures_calls(tiny_imagebind, monkeypatch):
    monkeypatch.setattr(real_bind, "install", lambda: None)
    shown, tone = [], np.sin(np.arange(16_000) * 0.3)
    monkeypatch.setattr(show, "matrix", lambda values, *names, alt: shown.append((values, *names)))
    said = run(
        cells("03_imagebind", "full.install()"),
        session=FULL, show=show, torch=torch, classify_sounds=classify_sounds, mine={}, chosen={"panda": tone, "bell": -tone},
    )  # fmt: skip
    ((values, rows, columns),) = shown
    assert not said and values.shape == (len(rows), len(columns)) and rows[0] == "sound of panda"
    assert np.allclose(values.sum(axis=1), 1, atol=1e-5)

    published = real_bind.load()
    ids = real_bind.prepare_texts(["a dog"])
    expected = torch.nn.functional.normalize(tiny_imagebind.eval()({"text": ids})["text"], dim=-1)
    assert torch.allclose(published.encode_text(ids), expected, atol=1e-5)
    assert published.encode_text(ids).norm() == pytest.approx(1, abs=1e-5)


def test_lesson_03_goes_on_without_code_gpu_or_weights(tiny_imagebind, monkeypatch, tmp_path, capsys):
    from safetensors.torch import save_file

    for damage, words in (({"other": torch.zeros(2)}, "another model's weights"), (None, "damaged")):
        if damage:
            save_file(damage, tmp_path / "model.safetensors")
        else:
            (tmp_path / "model.safetensors").write_bytes(b"no weights")
        assert real_bind.load() is None and words in capsys.readouterr().out
    monkeypatch.setattr(real_bind, "best_device", lambda: ("cpu", "float32", "no GPU that this torch can use"))
    assert real_bind.load() is None and "wants a GPU" in capsys.readouterr().out
    monkeypatch.setattr(real_bind, "best_device", lambda: (torch.device("cpu"), "float32", "a test"))
    (tmp_path / "imagebind" / "__init__.py").unlink()
    monkeypatch.setattr(real_bind.importlib.util, "find_spec", lambda name: None)
    assert real_bind.load() is None
    assert capsys.readouterr().out.endswith("full.install() brings it. The lesson goes on without it.\n")


def test_imagebind_hears_what_its_own_code_would_give_it():
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    long = np.concatenate([np.zeros(80_000), tone])
    short, ends = real_bind.prepare_sounds([tone, long])
    assert torch.equal(short[0], short[2]) and ends[0].max() < ends[2].max()  # a long sound's clips are spread over it
    assert abs(int(short[0, 0, :, 50].argmax()) - 23) <= 1  # 440 Hz among Kaldi's 128 mel bands from 20 to 8,000 Hz
    padding = short[0, 0, :, 198:]  # 198 frames fill two seconds; zeros follow, and then the mean is taken off
    assert torch.allclose(padding, torch.full_like(padding, 4.268 / 9.138))
    picture = real_bind.prepare_images([np.full((50, 90, 3), 255, np.uint8)])
    assert picture.shape == (1, 3, 224, 224) and picture[0, 0].mean() == pytest.approx(
        (1 - 0.48145466) / 0.26862954, abs=1e-3
    )
    ids = real_bind.prepare_texts(["a dog"])
    assert ids.shape == (1, 77) and ids.max() == ids[0, 3] == 49407


def test_lesson_04_runs_a_base_and_a_chat_model(tmp_path, monkeypatch):
    base, chat = (language_model(tmp_path / name, chats=name == "chat") for name in ("base", "chat"))
    monkeypatch.setattr(real_lm, "HUB", {"the base": (base, "main"), "the chat model": (chat, "main")})
    monkeypatch.setattr(real_lm.smollm2, "available", lambda: False)
    lesson = {"session": FULL, "full": real_lm, "recording": {"replies": []}}
    said = run(cells("04_assistant", "full.available(session.tier)"), **lesson)
    first, second = said.index("the base"), said.index("the chat model")
    assert first < second and said[first:second].count("as plain text:") == said[second:].count("as plain text:") > 1
    monkeypatch.setattr(real_lm, "HUB", {"the base": (str(tmp_path / "nothing"), "main")})
    said = run(cells("04_assistant", "full.available(session.tier)"), **lesson)
    assert "could not be loaded" in said and "as plain text:" not in said


def test_lesson_05_asks_a_teacher_from_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "FULL_TIER", language_model(tmp_path / "teacher", chats=True))
    monkeypatch.setattr(local, "MAX_REPLY_TOKENS", 8)
    messages = [{"role": "user", "content": "what is the opposite of big?"}]
    tables = []
    said = run(
        cells("05_instruction_data", "local_teacher(session.tier)", "make_contexts(few(6, 1))"),
        session=FULL, in_words={"coffee": None}, serialise_context=lambda context, boxes: "", examples_of=lambda kind: [],
        prompts=SimpleNamespace(system_message=lambda kind: ""), build_messages=lambda *_, boxes: messages,
        parse_reply=lambda reply: None, unsupported_nouns=lambda *_: [], noun_meanings=dict, supported_names=lambda _: set(),
        make_contexts=lambda count: count, few=lambda count, quickly: quickly,
        teacher_figures=lambda teacher, pictures: (teacher.name, pictures), show_figures=tables.append,
    )  # fmt: skip
    assert tables == [(f"local:{tmp_path / 'teacher'}", 1)] and "out of form" in said


def test_lesson_06_runs_a_published_llava(tmp_path, monkeypatch):
    from transformers import (
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        Qwen2Config,
        SiglipImageProcessor,
        SiglipVisionConfig,
    )

    tokenizer = copy.deepcopy(get_tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    place = tokenizer.convert_tokens_to_ids("<image>")
    strategy = {"vision_feature_select_strategy": "full"}
    config = LlavaConfig(
        vision_config=SiglipVisionConfig(image_size=32, patch_size=8, **TINY),
        text_config=Qwen2Config(vocab_size=len(tokenizer), num_key_value_heads=2, **TINY),
        image_token_index=place, vision_feature_layer=-1, **strategy,
    )  # fmt: skip
    torch.manual_seed(0)
    saved = LlavaForConditionalGeneration(config)
    saved.save_pretrained(tmp_path)
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    LlavaProcessor(pictures, tokenizer, patch_size=8, chat_template=WITH_PICTURES, **strategy).save_pretrained(tmp_path)
    monkeypatch.setattr(real_llava, "HUB", (str(tmp_path), "main"))

    model, processor = real_llava.load_real_llava()
    part = "model.multi_modal_projector.linear_1.weight"
    assert torch.equal(model.state_dict()[part], saved.state_dict()[part])
    picture = np.random.default_rng(0).integers(0, 256, (384, 384, 3), dtype=np.uint8)
    words = run(
        cells("06_llava_connect", "load_real_llava("),
        session=FULL, scenes=[None], render=lambda scene, size: SimpleNamespace(image=picture),
    )  # fmt: skip
    assert "places for the picture: 16" in words  # (32 / 8)² patches, no class token
    assert all(name in words for name in real_llava.PARTS)
    seen = [model(**real_llava.prompt(model, processor, image, "What?")).logits for image in (picture, 255 - picture)]
    assert not torch.allclose(*seen)  # the picture arrives
