//! Can a registry recount a million models in a minute on two cores?
//! Bar: one model in 50 µs, its architecture already resolved.

use weigh_compute::{Catalog, OperationProfile, ResolveOptions, Scope, resolve};
use weigh_facts::{
    Architecture, AttentionConvention, Observation, Observed, Place, Reading, Tokens,
};

fn main() {
    divan::main();
}

/// A class default with its sizes filled in by the catalog.
fn reading(model_type: &str) -> Reading {
    Reading {
        reader: "bench/1",
        input: "config.json".to_owned(),
        observations: vec![Observation {
            key: "model_type".to_owned(),
            value: Observed::Text(model_type.to_owned()),
            place: Place {
                input: "config.json".to_owned(),
                inside: "model_type".to_owned(),
            },
        }],
        warnings: Vec::new(),
    }
}

fn architecture(model_type: &str) -> Architecture {
    let catalog = Catalog::shipped().expect("our catalog loads");
    let options = ResolveOptions {
        assume_class_defaults: true,
    };
    resolve(&reading(model_type), catalog, options).expect("a class default resolves")
}

const MODELS: [&str; 2] = ["llama", "deepseek_v3"];

#[divan::bench(args = MODELS)]
fn count(bencher: divan::Bencher, model_type: &str) {
    let model = architecture(model_type);
    bencher.bench(|| {
        let parameters = model.parameters();
        let profile = OperationProfile::full_training(&model, Scope::default());
        let operations = profile.and_then(|p| {
            p.operations(
                Tokens(15_000_000_000_000),
                8_192,
                AttentionConvention::CausalExact,
            )
        });
        (parameters, operations)
    });
}

#[divan::bench(args = MODELS)]
fn resolve_and_check(bencher: divan::Bencher, model_type: &str) {
    let reading = reading(model_type);
    let catalog = Catalog::shipped().expect("our catalog loads");
    let options = ResolveOptions {
        assume_class_defaults: true,
    };
    bencher.bench(|| resolve(&reading, catalog, options));
}
