//! Can a person look into a GGUF file without noticing that it took time? A vocabulary is most of
//! its header, and none of it says anything about size.
//! Bar: 2,000 tensors behind a vocabulary of 150,000 in 25 ms.

use divan::counter::{BytesCount, ItemsCount};
use weigh_readers::gguf::read_header;
use weigh_readers::{Memory, Object, ReadError};

fn main() {
    divan::main();
}

/// A header alone: the data behind it is not there and is never asked for.
struct Header {
    bytes: Memory,
    len: u64,
}

impl Object for Header {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        // What is behind the header reads as nothing: a chunk may reach into it.
        let held = self
            .bytes
            .len()
            .saturating_sub(offset)
            .min(buffer.len() as u64);
        let (read, rest) = buffer.split_at_mut(held as usize);
        rest.fill(0);
        self.bytes.read_at(offset, read)
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn words(out: &mut Vec<u8>, key: &str, count: usize, word: impl Fn(usize) -> String) {
    text(out, key);
    out.extend_from_slice(&[9, 0, 0, 0, 8, 0, 0, 0]);
    out.extend_from_slice(&(count as u64).to_le_bytes());
    (0..count).for_each(|n| text(out, &word(n)));
}

/// Named and typed as a model of two hundred layers, quantized.
fn file(n_tensors: usize, n_tokens: usize) -> Header {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend_from_slice(&(n_tensors as u64).to_le_bytes());
    out.extend_from_slice(&5_u64.to_le_bytes());
    text(&mut out, "general.architecture");
    out.extend_from_slice(&8_u32.to_le_bytes());
    text(&mut out, "llama");
    words(&mut out, "tokenizer.ggml.tokens", n_tokens, |n| {
        format!("token{n}")
    });
    words(&mut out, "tokenizer.ggml.merges", n_tokens, |n| {
        format!("to ken{n}")
    });
    for (key, kind) in [
        ("tokenizer.ggml.scores", 6_u32),
        ("tokenizer.ggml.token_type", 5),
    ] {
        text(&mut out, key);
        out.extend_from_slice(&9_u32.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&(n_tokens as u64).to_le_bytes());
        out.resize(out.len() + 4 * n_tokens, 0);
    }
    let mut end = 0_u64;
    for n in 0..n_tensors {
        text(&mut out, &format!("blk.{}.attn_{}.weight", n / 10, n % 10));
        out.extend_from_slice(&2_u32.to_le_bytes());
        out.extend_from_slice(&4096_u64.to_le_bytes());
        out.extend_from_slice(&4096_u64.to_le_bytes());
        out.extend_from_slice(&12_u32.to_le_bytes());
        out.extend_from_slice(&end.to_le_bytes());
        end += 4096 * 4096 / 256 * 144;
    }
    let len = (out.len() as u64).next_multiple_of(32) + end;
    Header {
        bytes: Memory(out),
        len,
    }
}

#[divan::bench(args = [1_000, 150_000])]
fn header_of_2000_tensors(bencher: divan::Bencher<'_, '_>, n_tokens: usize) {
    let file = file(2_000, n_tokens);
    bencher
        .counter(ItemsCount::new(2_000_usize))
        .counter(BytesCount::new(file.bytes.0.len()))
        .bench(|| read_header(&file, "model.gguf").expect("the file is sound"));
}
