use super::*;
use crate::{Memory, MemoryTree};

/// A field that holds bytes.
fn bytes(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut len = bytes.len();
    while len > 127 {
        field.push((len & 127) as u8 | 128);
        len >>= 7;
    }
    field.push(len as u8);
    [&field, bytes].concat()
}

fn number(field: u8, number: u8) -> Vec<u8> {
    vec![field << 3, number]
}

/// Two by three floats in raw bytes.
fn tensor(name: &str) -> Vec<u8> {
    let fields = [number(1, 2), number(1, 3), number(2, 1)];
    [
        fields.concat(),
        bytes(8, name.as_bytes()),
        bytes(9, &[0; 24]),
    ]
    .concat()
}

fn model(graph: &[u8]) -> Vec<u8> {
    [number(1, 10), bytes(7, graph)].concat()
}

fn look(file: &[u8]) -> Result<Model, ReadError> {
    read(&Memory(file.to_vec()), &MemoryTree::default(), "m.onnx")
}

fn names(file: &[u8]) -> Vec<String> {
    let model = look(file).unwrap();
    model.tensors.into_iter().map(|t| t.name).collect()
}

fn code(file: &[u8]) -> &'static str {
    look(file).map_or_else(|error| error.code(), |_| "read")
}

#[test]
fn an_initializer_has_a_name_a_type_and_a_shape() {
    let found = look(&model(&bytes(5, &tensor("w")))).unwrap();
    assert_eq!(found.ir_version, 10);
    let [seen] = found.tensors.as_slice() else {
        panic!("one tensor");
    };
    assert_eq!((seen.name.as_str(), seen.dtype), ("w", Dtype::F32));
    assert_eq!((seen.shape.as_slice(), seen.bytes), (&[2, 3][..], 24));
}

#[test]
fn attributes_may_stand_before_the_operator_they_belong_to() {
    let attribute = [bytes(1, b"value"), bytes(5, &tensor("inner"))].concat();
    let parts = |operator: &str| {
        let node = [
            bytes(5, &attribute),
            bytes(4, operator.as_bytes()),
            bytes(2, b"out"),
        ];
        model(&bytes(1, &node.concat()))
    };
    assert_eq!(names(&parts("Constant")), ["out"]);
    assert_eq!(names(&parts("TreeEnsemble")), ["out.value"]);
    assert!(names(&parts("ConstantOfShape")).is_empty());
}

#[test]
fn graphs_inside_graphs_have_names_of_their_own() {
    let inner = bytes(5, &tensor("w"));
    let attribute = [bytes(1, b"then_branch"), bytes(6, &inner)].concat();
    let node = [bytes(2, b"y"), bytes(4, b"If"), bytes(5, &attribute)].concat();
    let graph = [bytes(1, &node), inner].concat();
    assert_eq!(names(&model(&graph)), ["y.then_branch.w", "w"]);
}

#[test]
fn two_readers_cannot_see_two_models() {
    let good = bytes(5, &tensor("w"));
    assert_eq!(code(&model(&good)), "read");
    assert_eq!(
        code(&model(&[good.clone(), good.clone()].concat())),
        "duplicate-tensor"
    );
    assert_eq!(code(&[model(&good), bytes(7, &[])].concat()), "onnx-model");
    assert_eq!(code(&[model(&good), number(1, 9)].concat()), "onnx-model");
    let twice = [tensor("w"), number(2, 10)].concat();
    assert_eq!(code(&model(&bytes(5, &twice))), "onnx-model");
    assert_eq!(code(&bytes(7, &good)), "onnx-model");
    assert_eq!(code(&number(1, 10)), "onnx-model");
}

#[test]
fn every_cut_is_noticed() {
    let file = model(&[bytes(5, &tensor("v")), bytes(5, &tensor("w"))].concat());
    for cut in 3..file.len() {
        assert_eq!(code(&file[..cut]), "onnx-truncated", "{cut}");
    }
    assert_eq!(code(b""), "empty-file");
}

#[test]
fn operators_that_a_function_of_the_file_defines_are_not_foreign() {
    let node = bytes(1, &[bytes(4, b"Gate"), bytes(7, b"mine")].concat());
    let foreign = look(&model(&node)).unwrap();
    assert_eq!(foreign.custom_domains, ["mine"]);
    assert_eq!(foreign.reading.warnings[0].code, "custom-operators");
    let function = [bytes(1, b"Gate"), bytes(10, b"mine")].concat();
    // Field 25 has a tag of two bytes.
    let tag = [0xca, 0x01, function.len() as u8];
    let own = look(&[&model(&node)[..], &tag, &function].concat()).unwrap();
    assert!(own.custom_domains.is_empty());
    assert_eq!(own.operators.get("mine.Gate"), Some(&1));
}
