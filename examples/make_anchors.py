#!/usr/bin/env python3
"""Writes the configurations of ten published models, in the least that says what they are.

    python examples/make_anchors.py            # writes anchors/*.json
    python examples/make_anchors.py --check    # also compares parameters with transformers

The values are facts that the publishers print in their own `config.json`; the selection is
ours. Kept: what decides the shape, the number of parameters, the operations of a forward
pass and the context. Left out: token ids, dropout, initialization, rope constants,
quantization, library versions.

`--check` needs torch and transformers and builds every model without its weights.
"""

import csv
import json
import sys
from pathlib import Path

ANCHORS = Path(__file__).resolve().parent / "anchors"

LLAMA_3_1_8B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 128256,
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "attention_bias": False,
    "intermediate_size": 14336,
    "hidden_act": "silu",
    "mlp_bias": False,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}

MIXTRAL_8X7B = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "sliding_window": None,
    "intermediate_size": 14336,
    "hidden_act": "silu",
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": False,
}

GPT_OSS_120B = {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "vocab_size": 201088,
    "hidden_size": 2880,
    "num_hidden_layers": 36,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "attention_bias": True,
    "layer_types": ["sliding_attention", "full_attention"] * 18,
    "sliding_window": 128,
    "intermediate_size": 2880,
    "hidden_act": "silu",
    "num_local_experts": 128,
    "num_experts_per_tok": 4,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}

# Says `num_experts` where the class of its type says `num_local_experts`.
QWEN3_235B_A22B = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "vocab_size": 151936,
    "hidden_size": 4096,
    "num_hidden_layers": 94,
    "num_attention_heads": 64,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "attention_bias": False,
    "use_sliding_window": False,
    "intermediate_size": 12288,
    "moe_intermediate_size": 1536,
    "hidden_act": "silu",
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "max_position_embeddings": 40960,
    "tie_word_embeddings": False,
}

# The layer that predicts a second token is in the weights and not in the expected counts.
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "vocab_size": 129280,
    "hidden_size": 7168,
    "num_hidden_layers": 61,
    "num_nextn_predict_layers": 1,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "attention_bias": False,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "hidden_act": "silu",
    "first_k_dense_replace": 3,
    "moe_layer_freq": 1,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 163840,
    "tie_word_embeddings": False,
}

# A type of its own name, and the class of DeepSeek-V3.
KIMI_K2 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "kimi_k2",
    "vocab_size": 163840,
    "hidden_size": 7168,
    "num_hidden_layers": 61,
    "num_nextn_predict_layers": 0,
    "num_attention_heads": 64,
    "num_key_value_heads": 64,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "attention_bias": False,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "hidden_act": "silu",
    "first_k_dense_replace": 1,
    "moe_layer_freq": 1,
    "n_routed_experts": 384,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}

# Attention picks `index_topk` tokens with an indexer of its own, which costs operations too.
GLM_5 = {
    "architectures": ["GlmMoeDsaForCausalLM"],
    "model_type": "glm_moe_dsa",
    "vocab_size": 154880,
    "hidden_size": 6144,
    "num_hidden_layers": 78,
    "num_nextn_predict_layers": 1,
    "num_attention_heads": 64,
    "num_key_value_heads": 64,
    "q_lora_rank": 2048,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 192,
    "qk_rope_head_dim": 64,
    "v_head_dim": 256,
    "index_n_heads": 32,
    "index_head_dim": 128,
    "index_topk": 2048,
    "attention_bias": False,
    "intermediate_size": 12288,
    "moe_intermediate_size": 2048,
    "hidden_act": "silu",
    "first_k_dense_replace": 3,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 202752,
    "tie_word_embeddings": False,
}

MINIMAX_M2_5 = {
    "architectures": ["MiniMaxM2ForCausalLM"],
    "model_type": "minimax_m2",
    "vocab_size": 200064,
    "hidden_size": 3072,
    "num_hidden_layers": 62,
    "num_attention_heads": 48,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "use_qk_norm": True,
    "intermediate_size": 1536,
    "hidden_act": "silu",
    "num_local_experts": 256,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 196608,
    "tie_word_embeddings": False,
}

# One mixer per layer: M is a state space, * attention, E experts. Experts are not gated.
NEMOTRON_3_NANO_30B_A3B = {
    "architectures": ["NemotronHForCausalLM"],
    "model_type": "nemotron_h",
    "vocab_size": 131072,
    "hidden_size": 2688,
    "num_hidden_layers": 52,
    "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME",
    "num_attention_heads": 32,
    "num_key_value_heads": 2,
    "head_dim": 128,
    "attention_bias": False,
    "mamba_num_heads": 64,
    "mamba_head_dim": 64,
    "ssm_state_size": 128,
    "n_groups": 8,
    "conv_kernel": 4,
    "chunk_size": 128,
    "use_conv_bias": True,
    "mamba_proj_bias": False,
    "intermediate_size": 1856,
    "moe_intermediate_size": 1856,
    "moe_shared_expert_intermediate_size": 3712,
    "mlp_hidden_act": "relu2",
    "mlp_bias": False,
    "use_bias": False,
    "n_routed_experts": 128,
    "n_shared_experts": 1,
    "num_experts_per_tok": 6,
    "max_position_embeddings": 262144,
    "tie_word_embeddings": False,
}

# Every fourth layer attends to all tokens, the others keep a state.
QWEN3_NEXT_80B_A3B = {
    "architectures": ["Qwen3NextForCausalLM"],
    "model_type": "qwen3_next",
    "vocab_size": 151936,
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "full_attention_interval": 4,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "attention_bias": False,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "intermediate_size": 5120,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "hidden_act": "silu",
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "max_position_embeddings": 262144,
    "tie_word_embeddings": False,
}

MODELS = {
    "Llama-3.1-8B": LLAMA_3_1_8B,
    "Mixtral-8x7B": MIXTRAL_8X7B,
    "gpt-oss-120b": GPT_OSS_120B,
    "Qwen3-235B-A22B": QWEN3_235B_A22B,
    "DeepSeek-V3": DEEPSEEK_V3,
    "Kimi-K2": KIMI_K2,
    "GLM-5": GLM_5,
    "MiniMax-M2.5": MINIMAX_M2_5,
    "Nemotron-3-Nano-30B-A3B": NEMOTRON_3_NANO_30B_A3B,
    "Qwen3-Next-80B-A3B": QWEN3_NEXT_80B_A3B,
}


def main():
    ANCHORS.mkdir(exist_ok=True)
    for name, config in MODELS.items():
        text = json.dumps(config, indent=2) + "\n"
        (ANCHORS / f"{name}.json").write_text(text, encoding="utf-8")
    with open(ANCHORS / "expected.csv", newline="", encoding="utf-8") as file:
        expected = {row["model"]: int(row["total"]) for row in csv.DictReader(file)}
    if set(expected) != set(MODELS):
        raise SystemExit("expected.csv and the configurations name different models")
    if "--check" in sys.argv[1:]:
        for name, config in MODELS.items():
            check(name, config, expected[name])


def check(name, config, expected):
    """Builds the model without weights and compares its parameters with ours."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    known = {"kimi_k2": "deepseek_v3"}
    model_type = known.get(config["model_type"], config["model_type"])
    named = ("model_type", "architectures")
    rest = {key: value for key, value in config.items() if key not in named}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **rest))
    found = sum(parameter.numel() for parameter in model.parameters())
    print(f"{name:26}{found:>20,}{'' if found == expected else f'  expected {expected:,}'}")
    if type(model).__name__ != config["architectures"][0]:
        raise SystemExit(f"{name} was built as {type(model).__name__}")
    if found != expected:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
