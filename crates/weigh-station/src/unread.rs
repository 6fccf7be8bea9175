//! Formats of weights that are known and not read: they are refused by name, never half-read.

use std::path::Path;

/// Ends of names, what they stand for, and what to do instead.
const FORMATS: [(&[&str], &str, &str); 9] = [
    (
        &[".keras"],
        "a Keras archive",
        "its weights are HDF5 inside a zip, which needs an HDF5 reader; save them as safetensors",
    ),
    (
        &[".h5", ".hdf5"],
        "HDF5",
        "it needs an HDF5 reader; save the weights as safetensors",
    ),
    (
        &["saved_model.pb", ".index", ".pb"],
        "a TensorFlow model",
        "it needs a reader of its bundle; save the weights as safetensors",
    ),
    (
        &[".msgpack"],
        "Flax weights",
        "it needs a reader of its maps; save the weights as safetensors",
    ),
    (
        &[".nemo"],
        "a NeMo archive",
        "unpack it and give the folder with its checkpoint",
    ),
    (
        &[".mlmodel", ".mlpackage"],
        "a Core ML model",
        "it runs and is not made to be trained; give the folder that it was converted from",
    ),
    (
        &[".tflite"],
        "a TensorFlow Lite model",
        "it runs and is not made to be trained; give the folder that it was converted from",
    ),
    (
        &[".engine", ".plan"],
        "a TensorRT engine",
        "it is opaque; give the checkpoint that it was built from",
    ),
    (
        &["_METADATA", "manifest.ocdbt"],
        "an Orbax checkpoint",
        "its element types stand in a database of its own; save the weights as safetensors",
    ),
];

/// A checkpoint that is cut by ranks: each file has a part of every matrix.
pub(crate) const MEGATRON: (&str, &str) = (
    "part of a Megatron checkpoint, cut by ranks",
    "one rank would count as a smaller model; convert it to the format of the hub, or save it as a distributed checkpoint",
);

/// Is it a Megatron checkpoint by ranks, a folder of one of its ranks, or a file in one?
pub(crate) fn is_megatron(path: &Path) -> bool {
    let meant = path.canonicalize();
    let path = meant.as_deref().unwrap_or(path);
    let is_rank = |p: &Path| {
        let name = p.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("mp_rank_")
    };
    let holds_ranks = |p: &Path| {
        let listing = std::fs::read_dir(p).into_iter().flatten();
        listing.flatten().any(|e| is_rank(&e.path()))
    };
    let iteration = || {
        let tracker = path.join("latest_checkpointed_iteration.txt");
        tracker.is_file()
            && !path.join(".metadata").is_file()
            && !path.join("config.json").is_file()
    };
    is_rank(path)
        || path.parent().is_some_and(is_rank)
        || path.is_dir() && (holds_ranks(path) || iteration())
}

/// What a name stands for, and what to do instead.
pub(crate) fn known(name: &str) -> Option<(&'static str, &'static str)> {
    let lower = name.to_lowercase();
    let fits = |ends: &[&str]| ends.iter().any(|e| lower.ends_with(&e.to_lowercase()));
    let found = FORMATS.iter().find(|(ends, ..)| fits(ends));
    found.map(|(_, format, instead)| (*format, *instead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rank_is_not_a_model() {
        let folder = tempfile::tempdir().expect("a folder");
        let rank = folder.path().join("iter_0000100").join("mp_rank_00");
        std::fs::create_dir_all(&rank).expect("made");
        let file = rank.join("model_optim_rng.pt");
        std::fs::write(&file, "x").expect("written");
        std::fs::write(
            folder.path().join("latest_checkpointed_iteration.txt"),
            "100",
        )
        .expect("written");
        let iteration = folder.path().join("iter_0000100");
        for path in [folder.path(), &iteration, &rank, &file] {
            assert!(is_megatron(path), "{}", path.display());
        }
        let other = tempfile::tempdir().expect("a folder");
        assert!(!is_megatron(other.path()));
    }

    #[test]
    fn formats_are_known_by_the_ends_of_their_names() {
        let format = |name: &str| known(name).map(|(format, _)| format);
        assert_eq!(format("model.weights.h5"), Some("HDF5"));
        assert_eq!(format("model.TFLITE"), Some("a TensorFlow Lite model"));
        assert_eq!(format("flax_model.msgpack"), Some("Flax weights"));
        assert_eq!(format("model.onnx"), None);
        assert_eq!(format("README.md"), None);
        assert_eq!(format("model.safetensors"), None);
    }
}
