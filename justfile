# `just` lists everything.

_list:
    @just --list --unsorted

# fmt, clippy, tidy and (if installed) deny: before every commit
[group('check')]
check: fmt lint tidy deny

# is everything formatted?
[group('check')]
fmt:
    cargo fmt --check

# clippy, warnings are errors
[group('check')]
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# licenses and bans; needs `cargo install cargo-deny --locked`
[group('check')]
deny:
    @if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; else echo "deny: skipped, cargo-deny is not installed" >&2; fi

# the house rules: floors, reach, codes, rulebook tests, leftovers
[group('tidy')]
tidy *CHECK:
    cargo xtask tidy {{ CHECK }}

# the light tests
[group('test')]
test *ARGS:
    cargo test {{ ARGS }}

# everything: all members, all features, docs, benches compile, fuzz targets
[group('test-all')]
test-all:
    cargo xtask heavy

# the emitted SQL in DuckDB beside the reference evaluator, cell by cell
[group('test-all')]
conformance:
    cargo xtask conformance

# what continuous integration runs
[group('test-all')]
ci:
    .ci/run

# the tests inside the rulebooks
[group('books')]
books *ARGS:
    cargo run --quiet -p weighbridge -- rules test {{ ARGS }}

# accept every changed snapshot and manual page; read the diff before committing it
[group('bless')]
bless:
    INSTA_UPDATE=always TRYCMD=overwrite cargo test --workspace

# fuzz one target until stopped; needs cargo-fuzz
[group('fuzz')]
fuzz TARGET *ARGS:
    RUSTC_BOOTSTRAP=1 cargo fuzz run {{ TARGET }} fuzz/corpus/{{ TARGET }} fuzz/seeds/{{ TARGET }} {{ ARGS }}

# measure; filter by name
[group('bench')]
bench *FILTER:
    cargo bench --workspace -- {{ FILTER }}
