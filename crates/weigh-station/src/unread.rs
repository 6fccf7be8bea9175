//! Formats of weights that are known and not read: they are refused by name, never half-read.

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
