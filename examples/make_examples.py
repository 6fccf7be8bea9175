#!/usr/bin/env python3
"""Makes the example models: a tiny Llama, the same in shards, and a LoRA fine-tune of it.

Run by hand, never in CI; what it writes is committed.

    pip install torch transformers peft accelerate safetensors
    python examples/make_examples.py

Everything is real except the size: the files come from the libraries people use, so the
readers are tested against those and not against our idea of them. The data is synthetic
and ours, so nobody else's rights are in the weights.

A second run on the same machine writes the same weights. The run times in
`trainer_state.json` differ, and so may the last bits of the weights on another processor.
"""

import getpass
import json
import platform
import random
import shutil
import socket
import tempfile
from pathlib import Path

import accelerate
import peft
import safetensors
import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

HERE = Path(__file__).resolve().parent
BASE = HERE / "tiny-llama"
SHARDED = HERE / "tiny-llama-sharded"
LORA = HERE / "tiny-llama-lora"

# One shape for training and for counting, so that a count times the steps is the run.
SEQUENCE = 128
BATCH = 8

# 250 steps of 2 x 8 sequences are 4000, from 3200 of them: one epoch and a quarter.
# `trainer_state.json` records neither the accumulation nor the sequence length, so only
# its token counter tells how much was trained on.
BASE_SEQUENCES = 3200
BASE_STEPS = 250
BASE_ACCUMULATION = 2
LORA_SEQUENCES = 800
LORA_STEPS = 100

BASE_MODEL = dict(
    vocab_size=512,
    hidden_size=64,
    intermediate_size=176,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    tie_word_embeddings=False,
    bos_token_id=0,
    eos_token_id=1,
    pad_token_id=2,
)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    measured = {
        "versions": versions(),
        "counted_at": {"batch": BATCH, "sequence": SEQUENCE, "attention": "eager"},
        "tiny-llama": make_base(),
        "tiny-llama-lora": make_lora(),
    }
    write_json(HERE / "measured.json", measured)
    (HERE / "VERSIONS.txt").write_text(report(measured), encoding="utf-8")
    refuse_traces_of_this_machine()


def make_base():
    """Trains the model and saves it twice, whole and in shards."""
    transformers.set_seed(1)
    model = LlamaForCausalLM(LlamaConfig(**BASE_MODEL, attn_implementation="eager"))
    counts = {
        "parameters": model.num_parameters(),
        "parameters_without_embeddings": model.num_parameters(exclude_embeddings=True),
        **count_operations(model),
    }
    data = sequences(BASE_SEQUENCES, step=5, seed=11)
    with tempfile.TemporaryDirectory() as scratch:
        run = train(model, data, scratch, BASE_STEPS, BASE_ACCUMULATION, rate=5e-3)
        # As published models are: trained in one precision, stored in another.
        model = model.to(torch.bfloat16)
        model.save_pretrained(fresh(BASE))
        model.save_pretrained(fresh(SHARDED), max_shard_size="140KB")
        keep_state(scratch, BASE)
    return {**counts, **run}


def make_lora():
    """Fine-tunes the saved model on another dialect."""
    transformers.set_seed(2)
    base = LlamaForCausalLM.from_pretrained(
        BASE, dtype=torch.float32, attn_implementation="eager"
    )
    config = LoraConfig(
        r=8,
        lora_alpha=16,
        target_modules=[
            "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
        ],
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(base, config)
    trainable, everything = model.get_nb_trainable_parameters()
    counts = {
        "parameters_trainable": trainable,
        "parameters_with_base": everything,
        **count_operations(model),
    }
    data = sequences(LORA_SEQUENCES, step=7, seed=12)
    with tempfile.TemporaryDirectory() as scratch:
        run = train(model, data, scratch, LORA_STEPS, accumulation=1, rate=1e-2)
        # Before saving, or the card and the configuration name a path on this machine.
        model.peft_config["default"].base_model_name_or_path = "../tiny-llama"
        model.save_pretrained(fresh(LORA), save_embedding_layers=False)
        keep_state(scratch, LORA)
    (LORA / "README.md").unlink(missing_ok=True)
    sort_lists(LORA / "adapter_config.json")
    return {**counts, **run}


def sequences(count, step, seed):
    """Token sequences of a language with one rule and noise.

    The next token is `step` times the last, modulo 509, seven times out of eight; else it
    is any. Tokens 0 to 2 are special and only the first begins a sequence.
    """
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        word = chance.randrange(1, 509)
        tokens = [0]
        while len(tokens) < SEQUENCE:
            tokens.append(word + 3)
            word = word * step % 509 if chance.random() < 0.875 else chance.randrange(1, 509)
        found.append({"input_ids": tokens, "labels": tokens})
    return found


def train(model, data, scratch, steps, accumulation, rate):
    """Trains with the ordinary Trainer; what it counted and what we counted beside it."""
    arguments = TrainingArguments(
        output_dir=scratch,
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=accumulation,
        learning_rate=rate,
        lr_scheduler_type="cosine",
        warmup_steps=10,
        logging_steps=25,
        include_num_input_tokens_seen="all",
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        seed=3,
        dataloader_pin_memory=False,
        disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=data)
    with FlopCounterMode(display=False) as counter:
        trainer.train()
    trainer.save_state()
    state = trainer.state
    return {
        "steps": state.global_step,
        "gradient_accumulation_steps": accumulation,
        "sequences_in_data": len(data),
        "tokens_seen": state.num_input_tokens_seen,
        "total_flos_of_trainer": int(state.total_flos),
        "flop_counted_whole_run": counter.get_total_flops(),
        "loss_first_logged": state.log_history[0]["loss"],
        "loss_last_logged": [e["loss"] for e in state.log_history if "loss" in e][-1],
    }


def count_operations(model):
    """What torch counts for one batch: matrix products only, a multiply-add as two."""
    tokens = torch.randint(3, 512, (BATCH, SEQUENCE), generator=torch.Generator().manual_seed(4))
    model.train()
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        model(input_ids=tokens, labels=tokens)
    with FlopCounterMode(display=False) as both:
        model(input_ids=tokens, labels=tokens).loss.backward()
    model.zero_grad(set_to_none=True)
    return {
        "flop_forward": forward.get_total_flops(),
        "flop_forward_by_operator": by_operator(forward),
        "flop_forward_backward": both.get_total_flops(),
        "flop_forward_backward_by_operator": by_operator(both),
    }


def by_operator(counter):
    counts = counter.get_flop_counts()["Global"]
    return {str(operator): flop for operator, flop in sorted(counts.items(), key=str)}


def fresh(folder):
    """An empty folder, but for what was written by hand: `pipeline.toml` stays."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.suffix in (".json", ".safetensors"):
            path.unlink()
    return folder


def keep_state(scratch, folder):
    shutil.copyfile(Path(scratch) / "trainer_state.json", folder / "trainer_state.json")


def sort_lists(path):
    """PEFT keeps the modules in a set and writes them in the order of the day."""
    value = json.loads(path.read_text(encoding="utf-8"))
    value["target_modules"].sort()
    write_json(path, value)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def versions():
    libraries = (torch, transformers, peft, accelerate, safetensors)
    found = {"python": platform.python_version()}
    # `+cpu` and the like say how torch was packaged, and do not change a count.
    found.update({library.__name__: library.__version__.split("+")[0] for library in libraries})
    return found


def report(measured):
    lines = ["Written by make_examples.py; the same as measured.json, for reading.", ""]
    lines += [f"{name:14}{version}" for name, version in measured["versions"].items()]
    for name in ("tiny-llama", "tiny-llama-lora"):
        lines += ["", name]
        for fact, value in measured[name].items():
            if isinstance(value, int):
                lines.append(f"  {fact:32}{value:>20,}")
            elif isinstance(value, float):
                lines.append(f"  {fact:32}{value:>20.4f}")
    lines += [
        "",
        f"flop_forward and flop_forward_backward: one batch of {BATCH} sequences of {SEQUENCE}",
        "tokens, eager attention, every position predicted, counted by FlopCounterMode of torch:",
        "matrix products only, a multiply-add as two, the full square of attention, no optimizer.",
        "flop_counted_whole_run: the same counter around all of Trainer.train().",
    ]
    return "\n".join(lines) + "\n"


def refuse_traces_of_this_machine():
    """Nothing but JSON and safetensors is written, and nothing in it says where it was made."""
    places = {str(HERE), str(Path.home()), tempfile.gettempdir() + "/"}
    traces = places | {getpass.getuser(), socket.gethostname()}
    for folder in (BASE, SHARDED, LORA):
        for path in sorted(folder.iterdir()):
            if path.name == "pipeline.toml":
                continue
            if path.suffix not in (".json", ".safetensors"):
                raise SystemExit(f"{path.name} is neither JSON nor safetensors")
            text = path.read_bytes().decode("utf-8", errors="replace")
            for trace in traces:
                # Shorter names stand in any file by accident.
                if len(trace) >= 4 and path.suffix == ".json" and trace in text:
                    raise SystemExit(f"{path.name} names `{trace}`")


if __name__ == "__main__":
    main()
